#ifndef SALLYPORT_FAULT_VFS_H
#define SALLYPORT_FAULT_VFS_H

// SQLite's default file layer, but below one directory disks can fill up, fail to sync and lose what was not synced.

enum {
    FAULT_VFS_WRITE = 1,
    FAULT_VFS_SYNC = 2,
};

// Puts the layer before the default one, for the whole process; files elsewhere are not touched. Once is enough.
int fault_vfs_install(void);

// A disk below a directory. At most 64 at a time; -1 when there is no room.
//
// With `keep_synced`, each file's content at its last sync is kept beside it as `<file>.synced`.
int fault_vfs_attach(const char *directory, int keep_synced);
void fault_vfs_detach(int disk);

// From the n-th of these operations on (counted from now, from 1), one fails, or all do until it is disarmed. A write
// that fails for want of space has written half of its bytes. `error` is ENOSPC or EIO.
void fault_vfs_arm(int disk, int operations, long nth, int error, int all);
void fault_vfs_disarm(int disk);

// Operations of these kinds since the last arming or attaching.
long fault_vfs_count(int disk, int operations);
// How many failed since then.
long fault_vfs_failures(int disk);

#endif
