// Supervision: children, restarts, deadlines. See Supervisor.swift.
