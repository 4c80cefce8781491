// From the project's peer notes; test-only, never part of the product.
// LD_PRELOAD shim: lets an IKE daemon that uses NETLINK_XFRM (Libreswan, strongSwan kernel-netlink) run on a kernel without ESP.
// Requests still go to the kernel (SPI allocation and policies work there); the errors that SA add/update/delete give are
// rewritten to success, GETSA gets a made-up answer, and each SA's keys are written to $XFRMSHIM_LOG as one line. IKE only: no ESP flows.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#define MAXFD 4096
static unsigned char isx[MAXFD];
static void note(int fd) { socklen_t l = 4; int p = -1, d = 0; socklen_t dl = 4; if (fd < 0 || fd >= MAXFD) return;
  if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &d, &dl) && d == AF_NETLINK && !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &p, &l) && p == NETLINK_XFRM) isx[fd] = 2; else isx[fd] = 1; }
static int xf(int fd) { if (fd < 0 || fd >= MAXFD) return 0; if (!isx[fd]) note(fd); return isx[fd] == 2; }
static void fix(void *b, ssize_t n) {
  struct nlmsghdr *h = b; for (; n > 0 && NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) if (h->nlmsg_type == NLMSG_ERROR) { struct nlmsgerr *e = NLMSG_DATA(h);
    int t = e->msg.nlmsg_type; if (e->error && (t == XFRM_MSG_NEWSA || t == XFRM_MSG_UPDSA || t == XFRM_MSG_DELSA || t == XFRM_MSG_GETSA || t == XFRM_MSG_NEWAE)) { if (getenv("XFRMSHIM_DEBUG")) fprintf(stderr, "xfrmshim: type %d error %d -> 0\n", t, e->error); e->error = 0; } } }
static void logsa(const void *b, size_t n) { const struct nlmsghdr *h = b; char *f = getenv("XFRMSHIM_LOG"); if (!f || n < sizeof *h) return;
  if (h->nlmsg_type != XFRM_MSG_NEWSA && h->nlmsg_type != XFRM_MSG_UPDSA) return; const struct xfrm_usersa_info *u = NLMSG_DATA(h); FILE *o = fopen(f, "a"); if (!o) return; char s[64], d[64]; inet_ntop(u->family, &u->saddr, s, 64); inet_ntop(u->family, &u->id.daddr, d, 64);
  fprintf(o, "SA src %s dst %s spi 0x%08x mode %d", s, d, ntohl(u->id.spi), u->mode); int l = h->nlmsg_len - NLMSG_LENGTH(sizeof *u); const struct nlattr *a = (void*)((char*)u + NLMSG_ALIGN(sizeof *u));
  while (l >= (int)sizeof *a && a->nla_len >= sizeof *a && a->nla_len <= l) { const void *p = a+1; const char *nm = p; const unsigned char *k = 0; unsigned bits = 0; const char *w = 0;
    if (a->nla_type == XFRMA_ALG_CRYPT) { const struct xfrm_algo *x = p; w = "enc"; k = (void*)x->alg_key; bits = x->alg_key_len; } else if (a->nla_type == XFRMA_ALG_AUTH_TRUNC) { const struct xfrm_algo_auth *x = p; w = "auth-trunc"; k = (void*)x->alg_key; bits = x->alg_key_len; } else if (a->nla_type == XFRMA_ALG_AEAD) { const struct xfrm_algo_aead *x = p; w = "aead"; k = (void*)x->alg_key; bits = x->alg_key_len; } else if (a->nla_type == XFRMA_ENCAP) fprintf(o, " encap");
    if (w) { fprintf(o, " %s %s 0x", w, nm); for (unsigned i = 0; i < bits/8; i++) fprintf(o, "%02x", k[i]); }
    int s2 = NLA_ALIGN(a->nla_len); l -= s2; a = (void*)((char*)a + s2); } fprintf(o, "\n"); fclose(o); }
#define REAL(f) static __typeof__(f) *r; if (!r) r = dlsym(RTLD_NEXT, #f)
int close(int fd) { REAL(close); if (fd >= 0 && fd < MAXFD) isx[fd] = 0; return r(fd); }
ssize_t sendto(int fd, const void *b, size_t n, int fl, const struct sockaddr *a, socklen_t al) { REAL(sendto); if (xf(fd)) logsa(b, n); return r(fd, b, n, fl, a, al); }
ssize_t send(int fd, const void *b, size_t n, int fl) { REAL(send); if (xf(fd)) logsa(b, n); return r(fd, b, n, fl); }
ssize_t write(int fd, const void *b, size_t n) { REAL(write); if (xf(fd)) logsa(b, n); return r(fd, b, n); }
ssize_t sendmsg(int fd, const struct msghdr *m, int fl) { REAL(sendmsg); if (xf(fd) && m->msg_iovlen) logsa(m->msg_iov[0].iov_base, m->msg_iov[0].iov_len); return r(fd, m, fl); }
ssize_t recvfrom(int fd, void *b, size_t n, int fl, struct sockaddr *a, socklen_t *al) { REAL(recvfrom); ssize_t k = r(fd, b, n, fl, a, al); if (k > 0 && xf(fd)) fix(b, k); return k; }
ssize_t recv(int fd, void *b, size_t n, int fl) { REAL(recv); ssize_t k = r(fd, b, n, fl); if (k > 0 && xf(fd)) fix(b, k); return k; }
ssize_t read(int fd, void *b, size_t n) { REAL(read); ssize_t k = r(fd, b, n); if (k > 0 && xf(fd)) fix(b, k); return k; }
ssize_t recvmsg(int fd, struct msghdr *m, int fl) { REAL(recvmsg); ssize_t k = r(fd, m, fl); if (k > 0 && xf(fd) && m->msg_iovlen) fix(m->msg_iov[0].iov_base, k); return k; }
ssize_t __recvfrom_chk(int fd, void *b, size_t n, size_t bl, int fl, struct sockaddr *a, socklen_t *al) { return recvfrom(fd, b, n, fl, a, al); }
ssize_t __recv_chk(int fd, void *b, size_t n, size_t bl, int fl) { return recv(fd, b, n, fl); }
ssize_t __read_chk(int fd, void *b, size_t n, size_t bl) { return read(fd, b, n); }
