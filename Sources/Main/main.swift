// The program's first statement blocks the daemon's signals: from here to the end none kills it or is lost. Everything
// else starts after it, and this thread then waits for them; an asynchronous main would let the runtime undo the mask.
import Platform

SignalMask.blockDaemonSignals()
StandardStreams.fillClosed()
Heap.useOneArena()
DescriptorLimit.raise()
runProgram(ProcessArguments.current(CommandLine.arguments))
