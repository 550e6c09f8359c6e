#ifndef RETRAIND_SQLITE_SHIMS_H
#define RETRAIND_SQLITE_SHIMS_H
#include <sqlite3.h>
#endif
