#ifndef RETRAIND_SHIMS_H
#define RETRAIND_SHIMS_H
// Typed static inlines for what Swift's own C modules hide. No feature macro is defined here: a module header that
// does so breaks clean builds in an order-dependent way.
#include <sys/types.h>
#endif
