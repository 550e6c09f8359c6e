#ifndef RETRAIND_SHIMS_H
#define RETRAIND_SHIMS_H
// Typed static inlines for what Swift's own C modules hide, and for what differs between Linux and Darwin. No feature
// macro is defined here: a module header that does so breaks clean builds in an order-dependent way. Hidden
// prototypes are declared by hand instead.
#if defined(__linux__) && __has_feature(modules)
#include <features.h>
// First of all Swift's own module of the C library: else the types of the headers below (timespec, stat ...) would be
// this module's too, and every Swift file that uses one would have to import it.
#if defined(__GLIBC__)
#pragma clang module import SwiftGlibc
#endif
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <crt_externs.h>
#include <sys/event.h>
#endif

#if defined(__linux__)
extern int pipe2(int[2], int);
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
extern int pthread_setname_np(pthread_t, const char *);
extern int pthread_condattr_setclock(pthread_condattr_t *, clockid_t);
extern long syscall(long, ...);
extern char **environ;
#define RETRAIND_SYS_PIDFD_OPEN 434L
#endif

// ---------------------------------------------------------------------------------------------- descriptors

/// Sets close-on-exec; returns the descriptor, or -1 with it closed.
static inline int retraind_keep_from_children(int fd) {
  if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    int code = errno;
    close(fd);
    errno = code;
    return -1;
  }
  return fd;
}

/// Sets or clears O_NONBLOCK; 0 or -1.
static inline int retraind_set_blocking(int fd, int blocking) {
  int flags = fcntl(fd, F_GETFL, 0);
  if (flags < 0) return -1;
  return fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/// A copy of a descriptor at 3 or above, close-on-exec.
static inline int retraind_duplicate_high(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 3); }

/// A close-on-exec pipe whose ends are both 3 or above, so that they never stand where a child's standard streams go.
static inline int retraind_pipe(int ends[2]) {
#if defined(__linux__)
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
#else
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
  for (int i = 0; i < 2; i++) {
    if (ends[i] > 2) continue;
    int high = retraind_duplicate_high(ends[i]);
    int code = errno;
    close(ends[i]);
    ends[i] = high;
    if (high < 0) {
      close(ends[1 - i]);
      errno = code;
      return -1;
    }
  }
  return 0;
}

// ------------------------------------------------------------------------------------------------- processes

/// Our environment.
static inline char **retraind_environment(void) {
#if defined(__APPLE__)
  return *_NSGetEnviron();
#else
  return environ;
#endif
}

/// Starts a program as the leader of a new process group: empty signal mask, default handlers, standard input from
/// /dev/null, standard output and error to the given descriptors (3 or above), nothing else open. Returns an error number.
static inline int retraind_spawn(const char *path, char *const arguments[], char *const environment[],
                                 const char *directory, int output, int error, pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code = posix_spawn_file_actions_init(&actions);
  if (code != 0) return code;
  code = posix_spawnattr_init(&attributes);
  if (code != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return code;
  }
  short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, error, 2);
  if (code == 0 && directory != NULL) code = posix_spawn_file_actions_addchdir_np(&actions, directory);
#if defined(__APPLE__)
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#else
  if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
  if (code == 0) code = posix_spawnattr_setpgroup(&attributes, 0);
  if (code == 0) code = posix_spawnattr_setsigmask(&attributes, &none);
  if (code == 0) code = posix_spawnattr_setsigdefault(&attributes, &all);
  if (code == 0) code = posix_spawnattr_setflags(&attributes, flags);
  if (code == 0) code = posix_spawn(process, path, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

/// A descriptor that becomes readable when a child of ours ends; -1 where the system has none.
static inline int retraind_exit_notice(pid_t process) {
#if defined(__APPLE__)
  int queue = retraind_keep_from_children(kqueue());
  if (queue < 0) return -1;
  struct kevent change;
  EV_SET(&change, process, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, NULL);
  if (kevent(queue, &change, 1, NULL, 0, NULL) != 0) {
    close(queue);
    return -1;
  }
  return queue;
#else
  return (int)syscall(RETRAIND_SYS_PIDFD_OPEN, process, 0);
#endif
}

/// Asks, without waiting, how a child ended, and reaps it only where asked to. Returns 1 where it has ended, 0 where it
/// runs, -1 with errno. `signalled` tells whether `status` is an exit code or a signal.
static inline int retraind_child_ended(pid_t process, int reap, int *signalled, int *status) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int result;
  do {
    result = waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | (reap ? 0 : WNOWAIT));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return -1;
  if (info.si_pid == 0) return 0;
  *signalled = info.si_code != CLD_EXITED;
  *status = info.si_status;
  return 1;
}

/// Makes sure that ended children can be waited for: whoever started us may have left SIGCHLD ignored.
static inline void retraind_keep_ended_children(void) {
  struct sigaction current;
  if (sigaction(SIGCHLD, NULL, &current) != 0) return;
  if (current.sa_handler != SIG_IGN && (current.sa_flags & SA_NOCLDWAIT) == 0) return;
  memset(&current, 0, sizeof current);
  current.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &current, NULL);
}

// --------------------------------------------------------------------------------------------------- threads

struct retraind_thread_start {
  void (*body)(void *);
  void *context;
  char name[16];
};

static void *retraind_thread_main(void *raw) {
  struct retraind_thread_start start = *(struct retraind_thread_start *)raw;
  free(raw);
#if defined(__APPLE__)
  pthread_setname_np(start.name);
#else
  pthread_setname_np(pthread_self(), start.name);
#endif
  start.body(start.context);
  return NULL;
}

/// Starts a detached thread in which every signal is blocked but those that a fault raises. Returns an error number.
static inline int retraind_thread_start(const char *name, size_t stack, void (*body)(void *), void *context) {
  struct retraind_thread_start *start = (struct retraind_thread_start *)malloc(sizeof *start);
  if (start == NULL) return ENOMEM;
  start->body = body;
  start->context = context;
  memset(start->name, 0, sizeof start->name);
  strncpy(start->name, name, sizeof start->name - 1);
  pthread_attr_t attributes;
  int code = pthread_attr_init(&attributes);
  if (code != 0) {
    free(start);
    return code;
  }
  sigset_t most, before;
  sigfillset(&most);
  sigdelset(&most, SIGSEGV);
  sigdelset(&most, SIGBUS);
  sigdelset(&most, SIGILL);
  sigdelset(&most, SIGFPE);
  sigdelset(&most, SIGTRAP);
  sigdelset(&most, SIGABRT);
  sigdelset(&most, SIGSYS);
  pthread_t thread;
  code = pthread_attr_setstacksize(&attributes, stack);
  if (code == 0) code = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (code == 0) {
    pthread_sigmask(SIG_SETMASK, &most, &before);
    code = pthread_create(&thread, &attributes, retraind_thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  pthread_attr_destroy(&attributes);
  if (code != 0) free(start);
  return code;
}

/// A number for the calling thread, never 0.
static inline uintptr_t retraind_thread_id(void) { return (uintptr_t)pthread_self(); }

/// Prepares a condition whose timed waits do not follow the wall clock.
static inline int retraind_condition_init(pthread_cond_t *condition) {
#if defined(__APPLE__)
  return pthread_cond_init(condition, NULL);
#else
  pthread_condattr_t attributes;
  int code = pthread_condattr_init(&attributes);
  if (code != 0) return code;
  code = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  if (code == 0) code = pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return code;
#endif
}

/// Waits for a condition at most so long; 0, or ETIMEDOUT.
static inline int retraind_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t nanoseconds) {
  struct timespec moment;
#if defined(__APPLE__)
  moment.tv_sec = nanoseconds / 1000000000;
  moment.tv_nsec = nanoseconds % 1000000000;
  return pthread_cond_timedwait_relative_np(condition, mutex, &moment);
#else
  clock_gettime(CLOCK_MONOTONIC, &moment);
  moment.tv_sec += nanoseconds / 1000000000;
  moment.tv_nsec += nanoseconds % 1000000000;
  if (moment.tv_nsec >= 1000000000) {
    moment.tv_nsec -= 1000000000;
    moment.tv_sec += 1;
  }
  return pthread_cond_timedwait(condition, mutex, &moment);
#endif
}

// ---------------------------------------------------------------------------------------------------- clocks

/// Nanoseconds of the clock that also runs while the machine is suspended.
static inline int64_t retraind_boot_nanoseconds(void) {
  struct timespec now;
#if defined(__APPLE__)
  clock_gettime(CLOCK_MONOTONIC, &now);
#else
  clock_gettime(CLOCK_BOOTTIME, &now);
#endif
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// --------------------------------------------------------------------------------------------------- sockets

/// A Unix-domain stream socket, close-on-exec, that raises no SIGPIPE where the system lets us choose so per socket.
static inline int retraind_unix_socket(void) {
#if defined(__linux__)
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
#else
  int fd = retraind_keep_from_children(socket(AF_UNIX, SOCK_STREAM, 0));
  int one = 1;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
  return fd;
#endif
}

/// The longest path that fits into an address, in bytes.
static inline size_t retraind_unix_path_limit(void) { return sizeof(((struct sockaddr_un *)0)->sun_path) - 1; }

static inline int retraind_unix_address(struct sockaddr_un *address, const char *path) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (strlen(path) > retraind_unix_path_limit()) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address->sun_path, path);
  return 0;
}

/// Connects to a path; 0, or -1 with errno.
static inline int retraind_unix_connect(int fd, const char *path) {
  struct sockaddr_un address;
  if (retraind_unix_address(&address, path) != 0) return -1;
  return connect(fd, (const struct sockaddr *)&address, sizeof address);
}

/// Binds to a path; 0, or -1 with errno.
static inline int retraind_unix_bind(int fd, const char *path) {
  struct sockaddr_un address;
  if (retraind_unix_address(&address, path) != 0) return -1;
  return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

/// Accepts a connection, close-on-exec.
static inline int retraind_accept(int fd) {
#if defined(__linux__)
  return accept4(fd, NULL, NULL, SOCK_CLOEXEC);
#else
  int accepted = retraind_keep_from_children(accept(fd, NULL, NULL));
  int one = 1;
  if (accepted >= 0) {
    retraind_set_blocking(accepted, 1);
    setsockopt(accepted, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
  }
  return accepted;
#endif
}

/// Sends without ever raising SIGPIPE.
static inline ssize_t retraind_send(int fd, const void *bytes, size_t count) {
#if defined(__linux__)
  return send(fd, bytes, count, MSG_NOSIGNAL);
#else
  return send(fd, bytes, count, 0);
#endif
}

/// Bounds how long a send, and a connect, may block; 0 for no bound.
static inline int retraind_set_send_timeout(int fd, int64_t milliseconds) {
  struct timeval limit;
  limit.tv_sec = milliseconds / 1000;
  limit.tv_usec = (milliseconds % 1000) * 1000;
  return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/// Who stands at the other end; 0, or -1 with errno.
static inline int retraind_peer_user(int fd, uid_t *user) {
#if defined(__linux__)
  struct { pid_t process; uid_t user; gid_t group; } peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  *user = peer.user;
  return 0;
#else
  gid_t group;
  return getpeereid(fd, user, &group);
#endif
}

#if defined(__linux__)
#define RETRAIND_O_PATH 010000000
/// A handle on a directory that serves to name what lies in it.
static inline int retraind_open_directory(const char *path) {
  return open(path, RETRAIND_O_PATH | O_DIRECTORY | O_CLOEXEC);
}
#endif
/// One heap for all threads: this program has few allocations at once, and an arena per thread costs each its own pages.
static inline void retraind_use_one_arena(void) {
#if defined(__GLIBC__)
  extern int mallopt(int, int);
  (void)mallopt(-8 /* M_ARENA_MAX */, 1);
#endif
}
/// Grows the heap in large steps and never gives back: for a program that ends in a moment anyway, the system calls and
/// the pages that are touched a second time are most of what its heap costs.
static inline void retraind_keep_heap(void) {
#if defined(__GLIBC__)
  extern int mallopt(int, int);
  (void)mallopt(-1 /* M_TRIM_THRESHOLD */, 1 << 30);
  (void)mallopt(-2 /* M_TOP_PAD */, 1 << 20);
#endif
}

#endif
