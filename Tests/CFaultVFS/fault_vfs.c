#include "fault_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DISKS = 64, MAX_PATH = 1024 };

typedef struct {
    int is_used;
    char directory[MAX_PATH];
    int keep_synced;
    int operations;
    long nth;
    int error;
    int all;
    long writes, syncs, matching, failures;
} disk_t;

typedef struct {
    sqlite3_file base;
    int disk;
    char path[MAX_PATH];
    sqlite3_file *real;
} file_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static disk_t disks[MAX_DISKS];
static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;
static _Thread_local int last_error;

static sqlite3_file *real(sqlite3_file *file) { return ((file_t *)file)->real; }

// The error to make of an operation, or 0.
static int fault(const file_t *file, int operation) {
    int error = 0;
    pthread_mutex_lock(&lock);
    disk_t *disk = &disks[file->disk];
    if (operation == FAULT_VFS_WRITE) disk->writes++;
    if (operation == FAULT_VFS_SYNC) disk->syncs++;
    if (disk->operations & operation) {
        disk->matching++;
        if (disk->matching == disk->nth || (disk->all && disk->matching > disk->nth)) {
            disk->failures++;
            error = disk->error;
        }
    }
    pthread_mutex_unlock(&lock);
    if (error) last_error = error;
    return error;
}

static int fault_close(sqlite3_file *file) { return real(file)->pMethods->xClose(real(file)); }

static int fault_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    return real(file)->pMethods->xRead(real(file), bytes, count, offset);
}

static int fault_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    int error = fault((file_t *)file, FAULT_VFS_WRITE);
    if (!error) return real(file)->pMethods->xWrite(real(file), bytes, count, offset);
    if (count > 1) real(file)->pMethods->xWrite(real(file), bytes, count / 2, offset);
    return error == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size) {
    return real(file)->pMethods->xTruncate(real(file), size);
}

static int copy_synced(file_t *file) {
    sqlite3_int64 size = 0;
    int code = file->real->pMethods->xFileSize(file->real, &size);
    if (code != SQLITE_OK) return code;
    char name[MAX_PATH + 16];
    snprintf(name, sizeof name, "%s.synced", file->path);
    FILE *copy = fopen(name, "wb");
    if (!copy) return SQLITE_IOERR;
    char bytes[65536];
    for (sqlite3_int64 offset = 0; offset < size; offset += sizeof bytes) {
        int count = size - offset < (sqlite3_int64)sizeof bytes ? (int)(size - offset) : (int)sizeof bytes;
        code = file->real->pMethods->xRead(file->real, bytes, count, offset);
        if (code != SQLITE_OK || fwrite(bytes, 1, (size_t)count, copy) != (size_t)count) {
            fclose(copy);
            return SQLITE_IOERR;
        }
    }
    return fclose(copy) == 0 ? SQLITE_OK : SQLITE_IOERR;
}

static int fault_sync(sqlite3_file *file, int flags) {
    if (fault((file_t *)file, FAULT_VFS_SYNC)) return SQLITE_IOERR_FSYNC;
    int code = real(file)->pMethods->xSync(real(file), flags);
    if (code == SQLITE_OK && disks[((file_t *)file)->disk].keep_synced) return copy_synced((file_t *)file);
    return code;
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int fault_lock(sqlite3_file *file, int level) { return real(file)->pMethods->xLock(real(file), level); }
static int fault_unlock(sqlite3_file *file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }

static int fault_check_lock(sqlite3_file *file, int *result) {
    return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int fault_control(sqlite3_file *file, int operation, void *argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int fault_sector(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }

static int fault_traits(sqlite3_file *file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
}

static int fault_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void fault_shm_barrier(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }

static int fault_shm_unmap(sqlite3_file *file, int remove) {
    return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Version 2: without memory-mapped pages, which would be read past this layer.
static const sqlite3_io_methods methods = {
    2,           fault_close,      fault_read,     fault_write,  fault_truncate, fault_sync,
    fault_size,  fault_lock,       fault_unlock,   fault_check_lock, fault_control, fault_sector,
    fault_traits, fault_shm_map,   fault_shm_lock, fault_shm_barrier, fault_shm_unmap, 0, 0,
};

static int disk_of(const char *path) {
    int found = -1;
    pthread_mutex_lock(&lock);
    for (int index = 0; index < MAX_DISKS && found < 0; index++) {
        size_t length = strlen(disks[index].directory);
        if (disks[index].is_used && strncmp(path, disks[index].directory, length) == 0 && path[length] == '/') {
            found = index;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

// One size for both kinds, since SQLite allocates before it knows the path: ours behind the real one's.
static int fault_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
    (void)vfs;
    int disk = path ? disk_of(path) : -1;
    if (disk < 0 || strlen(path) >= MAX_PATH) return real_vfs->xOpen(real_vfs, path, file, flags, out_flags);
    file_t *wrapper = (file_t *)file;
    memset(wrapper, 0, sizeof *wrapper);
    wrapper->real = (sqlite3_file *)(wrapper + 1);
    wrapper->disk = disk;
    strcpy(wrapper->path, path);
    int code = real_vfs->xOpen(real_vfs, path, wrapper->real, flags, out_flags);
    // Without methods SQLite does not close the file; the real one closes itself when it fails.
    if (wrapper->real->pMethods) wrapper->base.pMethods = &methods;
    return code;
}

static int fault_last_error(sqlite3_vfs *vfs, int count, char *text) {
    (void)vfs;
    // As errno, it is asked for more than once.
    if (last_error) return last_error;
    return real_vfs->xGetLastError(real_vfs, count, text);
}

static int installed = SQLITE_ERROR;

static void install(void) {
    if (sqlite3_initialize() != SQLITE_OK) return;
    real_vfs = sqlite3_vfs_find(0);
    if (!real_vfs) return;
    // All other calls get this structure as `vfs`, which has what they need in `pAppData`.
    fault_vfs = *real_vfs;
    fault_vfs.pNext = 0;
    fault_vfs.zName = "sallyport-fault";
    fault_vfs.szOsFile = (int)sizeof(file_t) + real_vfs->szOsFile;
    fault_vfs.xOpen = fault_open;
    fault_vfs.xGetLastError = fault_last_error;
    installed = sqlite3_vfs_register(&fault_vfs, 1);
}

int fault_vfs_install(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    return installed;
}

int fault_vfs_attach(const char *directory, int keep_synced) {
    int disk = -1;
    if (strlen(directory) >= MAX_PATH) return disk;
    pthread_mutex_lock(&lock);
    for (int index = 0; index < MAX_DISKS && disk < 0; index++) {
        if (!disks[index].is_used) disk = index;
    }
    if (disk >= 0) {
        memset(&disks[disk], 0, sizeof disks[disk]);
        disks[disk].is_used = 1;
        disks[disk].keep_synced = keep_synced;
        strcpy(disks[disk].directory, directory);
    }
    pthread_mutex_unlock(&lock);
    return disk;
}

void fault_vfs_detach(int disk) {
    pthread_mutex_lock(&lock);
    disks[disk].is_used = 0;
    pthread_mutex_unlock(&lock);
}

void fault_vfs_arm(int disk, int operations, long nth, int error, int all) {
    pthread_mutex_lock(&lock);
    disk_t *armed = &disks[disk];
    armed->operations = operations;
    armed->nth = nth;
    armed->error = error;
    armed->all = all;
    armed->writes = armed->syncs = armed->matching = armed->failures = 0;
    pthread_mutex_unlock(&lock);
}

void fault_vfs_disarm(int disk) {
    pthread_mutex_lock(&lock);
    disks[disk].operations = 0;
    pthread_mutex_unlock(&lock);
}

long fault_vfs_count(int disk, int operations) {
    pthread_mutex_lock(&lock);
    long count = 0;
    if (operations & FAULT_VFS_WRITE) count += disks[disk].writes;
    if (operations & FAULT_VFS_SYNC) count += disks[disk].syncs;
    pthread_mutex_unlock(&lock);
    return count;
}

long fault_vfs_failures(int disk) {
    pthread_mutex_lock(&lock);
    long failures = disks[disk].failures;
    pthread_mutex_unlock(&lock);
    return failures;
}
