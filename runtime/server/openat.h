/* openat.h - path resolution below a directory. */
/* SPDX-License-Identifier: MIT */
#ifndef SW_OPENAT_H
#define SW_OPENAT_H

struct stat;
struct sw_files;

/* Opens the root of `files`, and finds out what the kernel and the sandbox allow: 0 or an errno. */
int sw_openat_begin(struct sw_files *files);
void sw_openat_end(struct sw_files *files);

/*
 * Opens a regular file below the root; no symbolic link leads out of it.  The name must not begin
 * with a slash.  Returns the descriptor and its fstat(2); or -1 with errno: EISDIR for a directory,
 * ENOENT for any other kind of file, EXDEV or ELOOP for a link that is not followed.
 */
int sw_openat_open(const struct sw_files *files, const char *name, struct stat *info);

#endif
