#ifndef SALLYPORT_SQLITE_SHIMS_H
#define SALLYPORT_SQLITE_SHIMS_H

#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift does not import. A null pointer would bind NULL, so empty values get an
// address.
static inline int sallyport_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, int count) {
    return sqlite3_bind_text(statement, index, count > 0 ? bytes : "", count, SQLITE_TRANSIENT);
}

static inline int sallyport_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, count > 0 ? bytes : "", count, SQLITE_TRANSIENT);
}

// Codes that are written as expressions, which Swift does not import.
enum {
    sallyport_sqlite_ioerr_fsync = SQLITE_IOERR_FSYNC,
    sallyport_sqlite_ioerr_dir_fsync = SQLITE_IOERR_DIR_FSYNC,
};

#endif
