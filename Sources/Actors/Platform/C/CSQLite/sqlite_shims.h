#ifndef RETRAIND_SQLITE_SHIMS_H
#define RETRAIND_SQLITE_SHIMS_H
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift cannot import: these copy what they are given.

static inline int retraind_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 size) {
  return sqlite3_bind_text64(statement, index, text, size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int retraind_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 size) {
  return sqlite3_bind_blob64(statement, index, bytes, size, SQLITE_TRANSIENT);
}

// sqlite3_db_config is variadic. A double-quoted name that is no column is an error, never silently a string.
static inline int retraind_sqlite3_refuse_quoted_strings(sqlite3 *database) {
  int ignored = 0;
  int code = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, &ignored);
  return code != SQLITE_OK ? code : sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, &ignored);
}
/// Leaves the log beside the database when this connection closes as the last one.
static inline int retraind_sqlite3_keep_log(sqlite3 *database) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

// Takes the database file for this connection alone, as SQLite itself does before it removes a log, or goes back to
// sharing it.
static inline int retraind_sqlite3_lock_file(sqlite3 *database, int alone) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK) return code;
  if (!file || !file->pMethods) return SQLITE_MISUSE;
  if (alone) {
    code = file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
    // A refusal half way leaves newcomers locked out.
    if (code != SQLITE_OK) file->pMethods->xUnlock(file, SQLITE_LOCK_SHARED);
    return code;
  }
  return file->pMethods->xUnlock(file, SQLITE_LOCK_SHARED);
}

// Reads the database file itself, past every cache, by the descriptor that SQLite has: opening and closing the file once
// more would let go of this process's locks on it. What lies behind the end of the file is read as zeros.
static inline int retraind_sqlite3_read_file(
    sqlite3 *database, void *bytes, int count, sqlite3_int64 offset, sqlite3_int64 *size) {
  sqlite3_file *file = 0;
  int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK) return code;
  if (!file || !file->pMethods) return SQLITE_MISUSE;
  code = file->pMethods->xFileSize(file, size);
  if (code != SQLITE_OK) return code;
  code = file->pMethods->xRead(file, bytes, count, offset);
  return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

#endif
