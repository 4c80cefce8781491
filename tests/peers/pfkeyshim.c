// Gives OpenIKED a PF_KEY socket on a kernel that has none, by LD_PRELOAD: it negotiates as ever, no ESP flows.
// From the project's peer notes, extended by answers that are there when a request's write returns and by
// expiry on demand.
//
// PFKEYSHIM_LOG:    file that gets one line for each SA added, with its keys.
// PFKEYSHIM_EXPIRE: file whose appearance makes the newest inbound SA reach its soft lifetime; it is then removed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/pfkeyv2.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEADER = sizeof(struct sadb_msg), ROOM = 65536, POLL_MS = 50, ANSWER_MS = 5000 };

static const unsigned char auth_algs[] = {2, 3, 5, 6, 7, 9, 251};
static const unsigned char encrypt_algs[] = {2, 3, 7, 11, 12, 13, 18, 19, 20};

static unsigned char request[ROOM], answer[ROOM];
static uint32_t newest_inbound;

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = dlsym(RTLD_NEXT, #name)

// The next extension of a message of `len` bytes at `*at`, which moves behind it; NULL at the end.
static struct sadb_ext *next_ext(unsigned char *msg, int len, int *at) {
  if (*at + (int)sizeof(struct sadb_ext) > len) return NULL;
  struct sadb_ext *ext = (void *)(msg + *at);
  int size = ext->sadb_ext_len * 8;
  if (size <= 0 || *at + size > len) return NULL;
  *at += size;
  return ext;
}

static void log_ext(FILE *out, struct sadb_ext *ext) {
  unsigned char *body = (void *)ext;
  char text[64];
  switch (ext->sadb_ext_type) {
  case SADB_EXT_SA: {
    struct sadb_sa *sa = (void *)ext;
    fprintf(out, " spi 0x%08x auth %d enc %d", ntohl(sa->sadb_sa_spi), sa->sadb_sa_auth, sa->sadb_sa_encrypt);
    break;
  }
  case SADB_EXT_ADDRESS_SRC:
  case SADB_EXT_ADDRESS_DST: {
    struct sockaddr_in *address = (void *)(body + sizeof(struct sadb_address));
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
    fprintf(out, " %s %s", ext->sadb_ext_type == SADB_EXT_ADDRESS_SRC ? "src" : "dst", text);
    break;
  }
  case SADB_EXT_KEY_AUTH:
  case SADB_EXT_KEY_ENCRYPT: {
    struct sadb_key *key = (void *)ext;
    fprintf(out, " %s 0x", ext->sadb_ext_type == SADB_EXT_KEY_AUTH ? "auth-key" : "enc-key");
    for (int i = 0; i < key->sadb_key_bits / 8; i++) fprintf(out, "%02x", body[sizeof *key + i]);
    break;
  }
  }
}

// An inbound SA's SPI was asked for with GETSPI, so it arrives by UPDATE; an outbound one by ADD.
static void note_sa(int len) {
  struct sadb_msg *msg = (void *)request;
  int inbound = msg->sadb_msg_type == SADB_UPDATE;
  char *path = getenv("PFKEYSHIM_LOG");
  FILE *out = path ? fopen(path, "a") : NULL;
  if (out) fprintf(out, inbound ? "UPDATE" : "ADD");
  int at = HEADER;
  for (struct sadb_ext *ext; (ext = next_ext(request, len, &at));) {
    if (inbound && ext->sadb_ext_type == SADB_EXT_SA) newest_inbound = ((struct sadb_sa *)ext)->sadb_sa_spi;
    if (out) log_ext(out, ext);
  }
  if (out) fprintf(out, "\n");
  if (out) fclose(out);
}

static int answer_getspi(int len) {
  struct sadb_sa *sa = (void *)(answer + HEADER);
  memset(sa, 0, sizeof *sa);
  sa->sadb_sa_len = sizeof *sa / 8;
  sa->sadb_sa_exttype = SADB_EXT_SA;
  if (getrandom(&sa->sadb_sa_spi, 4, 0) != 4) abort();
  sa->sadb_sa_spi |= htonl(0x1000);
  int end = HEADER + sizeof *sa, at = HEADER;
  for (struct sadb_ext *ext; (ext = next_ext(request, len, &at));)
    if (ext->sadb_ext_type == SADB_EXT_ADDRESS_SRC || ext->sadb_ext_type == SADB_EXT_ADDRESS_DST) {
      memcpy(answer + end, ext, ext->sadb_ext_len * 8);
      end += ext->sadb_ext_len * 8;
    }
  return end;
}

static int put_algorithms(int end, int exttype, const unsigned char *ids, int count) {
  struct sadb_supported *supported = (void *)(answer + end);
  memset(supported, 0, sizeof *supported);
  supported->sadb_supported_len = 1 + count;
  supported->sadb_supported_exttype = exttype;
  end += sizeof *supported;
  for (int i = 0; i < count; i++, end += sizeof(struct sadb_alg)) {
    struct sadb_alg *alg = (void *)(answer + end);
    memset(alg, 0, sizeof *alg);
    alg->sadb_alg_id = ids[i];
    alg->sadb_alg_ivlen = 8;
    alg->sadb_alg_minbits = 128;
    alg->sadb_alg_maxbits = 512;
  }
  return end;
}

static int build_answer(int len) {
  struct sadb_msg *msg = (void *)answer;
  memcpy(answer, request, len);
  msg->sadb_msg_errno = 0;
  switch (msg->sadb_msg_type) {
  case SADB_ADD:
  case SADB_UPDATE:
    note_sa(len);
    break;
  case SADB_GETSPI:
    len = answer_getspi(len);
    break;
  case SADB_REGISTER:
    len = put_algorithms(HEADER, SADB_EXT_SUPPORTED_AUTH, auth_algs, sizeof auth_algs);
    len = put_algorithms(len, SADB_EXT_SUPPORTED_ENCRYPT, encrypt_algs, sizeof encrypt_algs);
    break;
  case SADB_GET:
    msg->sadb_msg_errno = ESRCH;
    len = HEADER;
    break;
  }
  msg->sadb_msg_len = len / 8;
  return len;
}

static void expire_if_asked(int fd) {
  char *path = getenv("PFKEYSHIM_EXPIRE");
  if (!path || !newest_inbound || unlink(path)) return;
  struct {
    struct sadb_msg msg;
    struct sadb_sa sa;
    struct sadb_lifetime soft;
  } expire = {
      .msg = {.sadb_msg_version = PF_KEY_V2,
              .sadb_msg_type = SADB_EXPIRE,
              .sadb_msg_satype = SADB_SATYPE_ESP,
              .sadb_msg_len = sizeof expire / 8},
      .sa = {.sadb_sa_len = sizeof expire.sa / 8, .sadb_sa_exttype = SADB_EXT_SA, .sadb_sa_spi = newest_inbound},
      .soft = {.sadb_lifetime_len = sizeof expire.soft / 8, .sadb_lifetime_exttype = SADB_EXT_LIFETIME_SOFT},
  };
  send(fd, &expire, sizeof expire, 0);
}

static void *serve(void *arg) {
  int fd = (int)(long)arg;
  struct pollfd readable = {.fd = fd, .events = POLLIN};
  for (;;) {
    if (poll(&readable, 1, POLL_MS) == 0) {
      expire_if_asked(fd);
      continue;
    }
    int len = recv(fd, request, sizeof request, 0);
    if (len <= 0) return NULL;
    if (len >= HEADER) send(fd, answer, build_answer(len), 0);
  }
}

int socket(int domain, int type, int protocol) {
  REAL(socket);
  if (domain != PF_KEY) return real(domain, type, protocol);
  int ends[2];
  pthread_t thread;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) return -1;
  if (pthread_create(&thread, NULL, serve, (void *)(long)ends[1])) return -1;
  return ends[0];
}

static int is_pfkey(int fd) {
  int type = 0;
  socklen_t len = sizeof type;
  return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET;
}

// A kernel's answer is there when the request's write returns, and iked is in no mood to wait for ours.
ssize_t writev(int fd, const struct iovec *iov, int count) {
  REAL(writev);
  ssize_t written = real(fd, iov, count);
  struct pollfd answered = {.fd = fd, .events = POLLIN};
  if (written > 0 && is_pfkey(fd)) poll(&answered, 1, ANSWER_MS);
  return written;
}

// IP_IPSEC_POLICY and IPV6_IPSEC_POLICY want af_key, UDP_ENCAP may be missing: nothing here depends on them.
int setsockopt(int fd, int level, int option, const void *value, socklen_t len) {
  REAL(setsockopt);
  if ((level == 0 && option == 16) || (level == 41 && option == 34)) return 0;
  int result = real(fd, level, option, value, len);
  return result && level == 17 && option == 100 ? 0 : result;
}
