// Debian's user-mode Linux 6.1 keeps 2,696 octets of a process's vector registers, and hands them back as all of
// them. Where the processor has more (AMX: 11,008), the host takes no part for the whole: "ptrace set fp regs
// failed, errno = 14", and nothing runs. This library stands before its ptrace(2), hands it the part that it has room
// for, and puts that part back into the whole. What is beyond, programs inside don't use.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

// Of all processors so far, and enough for what comes.
static char whole[64 * 1024] __attribute__((aligned(64)));

static long get_whole(pid_t pid, struct iovec *all)
{
    all->iov_base = whole;
    all->iov_len = sizeof whole;
    return syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, all);
}

static long registers(long request, pid_t pid, struct iovec *part)
{
    struct iovec all;
    long result = get_whole(pid, &all);
    if (result != 0)
        return result;
    if (part->iov_len > all.iov_len)
        part->iov_len = all.iov_len;
    if (request == PTRACE_GETREGSET) {
        memcpy(part->iov_base, whole, part->iov_len);
        return 0;
    }
    memcpy(whole, part->iov_base, part->iov_len);
    return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

long ptrace(enum __ptrace_request request, ...)
{
    static long (*real)(enum __ptrace_request, pid_t, void *, void *);
    va_list arguments;
    va_start(arguments, request);
    pid_t pid = va_arg(arguments, pid_t);
    void *address = va_arg(arguments, void *);
    void *data = va_arg(arguments, void *);
    va_end(arguments);
    if ((request == PTRACE_GETREGSET || request == PTRACE_SETREGSET) && address == (void *)NT_X86_XSTATE)
        return registers(request, pid, data);
    if (!real)
        real = dlsym(RTLD_NEXT, "ptrace");
    return real(request, pid, address, data);
}
