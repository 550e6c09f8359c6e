#pragma once

// Datagrams to a service manager.

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/// Sends one datagram to an address of the file system, or, where it begins with `@`, to one of Linux's own names.
/// Never blocks. An error number, or 0.
static inline int retraind_send_datagram(const char *name, const void *bytes, size_t count) {
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  size_t length = strlen(name);
  if (length == 0 || length >= sizeof address.sun_path) return ENAMETOOLONG;
  memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = '\0';
#if defined(__linux__)
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  int flags = MSG_DONTWAIT;
#endif
  if (fd < 0) return errno;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t sent = sendto(fd, bytes, count, flags, (const struct sockaddr *)&address, size);
  int code = sent < 0 ? errno : 0;
  close(fd);
  return code;
}
