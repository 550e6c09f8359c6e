/// The clock and the recorder of the simulation bench, for every test that imports this module.
@_exported public import SupervisionTesting

/// A clock that stands still until a test advances it.
public typealias ManualClock = SupervisionTesting.VirtualClock
