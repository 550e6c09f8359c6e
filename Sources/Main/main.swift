print("retraind")
