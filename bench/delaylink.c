/* A link with a delay, for measurements: packets between two network namespaces wait on their way.
 *
 * usage: delaylink NAMESPACE-A NAMESPACE-B MICROSECONDS
 *
 * Makes a TUN device named `slow` in each of both namespaces (as `ip netns add` made them) and carries
 * packets from one to the other, each after MICROSECONDS. Segments stay as large as the kernel makes
 * them (virtio header, TSO), so that the link itself is no limit. Writes a line once it carries.
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN; ends with its parent's signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_PACKET (10 + 65536 + 64)

struct packet {
    struct packet *next;
    long long due;
    ssize_t length;
    unsigned char bytes[];
};

/* One direction: read from one end, written to the other when it is time. */
struct lane {
    int from, to;
    struct packet *first, **last;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int open_end(const char *namespace)
{
    char path[256];
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    int space, device;

    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    if ((space = open(path, O_RDONLY | O_CLOEXEC)) < 0 || setns(space, CLONE_NEWNET) < 0)
        fail(path);
    close(space);
    if ((device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0)
        fail("/dev/net/tun");
    strcpy(request.ifr_name, "slow");
    if (ioctl(device, TUNSETIFF, &request) < 0)
        fail("TUNSETIFF");
    if (ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) < 0)
        fail("TUNSETOFFLOAD");
    return device;
}

static void take_in(struct lane *lane, long long delay)
{
    static unsigned char buffer[MAX_PACKET];
    ssize_t length;

    while ((length = read(lane->from, buffer, sizeof buffer)) > 0) {
        struct packet *packet = malloc(sizeof *packet + length);
        if (packet == NULL)
            fail("malloc");
        memcpy(packet->bytes, buffer, length);
        packet->length = length;
        packet->due = now() + delay;
        packet->next = NULL;
        *lane->last = packet;
        lane->last = &packet->next;
    }
    if (length < 0 && errno != EAGAIN && errno != EIO) /* EIO: the device is still down */
        fail("read");
}

static void let_go(struct lane *lane)
{
    while (lane->first != NULL && lane->first->due <= now()) {
        struct packet *packet = lane->first;
        if (write(lane->to, packet->bytes, packet->length) < 0 && errno == EAGAIN)
            return;
        lane->first = packet->next;
        if (lane->first == NULL)
            lane->last = &lane->first;
        free(packet);
    }
}

static long long wait_of(const struct lane *lanes)
{
    long long wait = 1000000000LL;
    for (int i = 0; i < 2; i++)
        if (lanes[i].first != NULL && lanes[i].first->due - now() < wait)
            wait = lanes[i].first->due - now();
    return wait > 0 ? wait : 0;
}

int main(int count, char **words)
{
    if (count != 4) {
        fprintf(stderr, "usage: %s NAMESPACE-A NAMESPACE-B MICROSECONDS\n", words[0]);
        return 2;
    }
    long long delay = atoll(words[3]) * 1000;
    int a = open_end(words[1]), b = open_end(words[2]);
    struct lane lanes[2] = { { a, b, NULL, NULL }, { b, a, NULL, NULL } };
    struct pollfd ends[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };

    lanes[0].last = &lanes[0].first;
    lanes[1].last = &lanes[1].first;
    puts("carrying");
    fflush(stdout);
    for (;;) {
        long long wait = wait_of(lanes);
        struct timespec time = { wait / 1000000000LL, wait % 1000000000LL };
        if (ppoll(ends, 2, &time, NULL) < 0 && errno != EINTR)
            fail("ppoll");
        for (int i = 0; i < 2; i++) {
            take_in(&lanes[i], delay);
            let_go(&lanes[i]);
        }
    }
}
