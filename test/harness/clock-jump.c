/*
 * Preloaded into the network watch's process or the helper's (network-watch.test.ts, staying.test.ts): SIGUSR2 makes it believe that the
 * machine slept for eight hours. CLOCK_REALTIME and CLOCK_BOOTTIME jump, and the timer on the wall clock is cancelled as
 * the kernel would. The machine's own clock is left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t hours;
static int timer = -1;

static void jump(int number) {
  (void)number;
  const uint64_t one = 1;
  hours += 8;
  syscall(SYS_write, timer, &one, sizeof one);
}

int timerfd_create(int clock, int flags) {
  if (clock != CLOCK_REALTIME) return (int)syscall(SYS_timerfd_create, clock, flags);
  timer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  signal(SIGUSR2, jump);
  return timer;
}

int timerfd_settime(int fd, int flags, const struct itimerspec* value, struct itimerspec* old) {
  return fd == timer ? 0 : (int)syscall(SYS_timerfd_settime, fd, flags, value, old);
}

ssize_t read(int fd, void* room, size_t length) {
  const ssize_t result = syscall(SYS_read, fd, room, length);
  if (fd != timer || result < 0) return result;
  errno = ECANCELED;
  return -1;
}

int gettimeofday(struct timeval* now, void* zone) {
  (void)zone;
  struct timespec exact;
  const int result = (int)syscall(SYS_clock_gettime, CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec + hours * 3600L;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME) now->tv_sec += hours * 3600L;
  return result;
}
