// The names that reading, writing and talking take; the others are in call_names.cc.
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "supervise/call_tables.h"

#define NAME(constant) \
  Name { static_cast<uint64_t>(constant), #constant }

namespace clawbox::supervise::names {
namespace {

constexpr uint64_t kWhole = ~uint64_t{0};

// AT_EACCESS has the bit of AT_REMOVEDIR, and belongs to faccessat2 alone.
constexpr Name kAccessAtFlags[] = {
    NAME(AT_EACCESS),
    NAME(AT_SYMLINK_NOFOLLOW),
    NAME(AT_EMPTY_PATH),
};
constexpr Name kStatxAtFlags[] = {
    NAME(AT_SYMLINK_NOFOLLOW), NAME(AT_NO_AUTOMOUNT),    NAME(AT_EMPTY_PATH),
    NAME(AT_STATX_FORCE_SYNC), NAME(AT_STATX_DONT_SYNC),
};
constexpr Name kStatxMask[] = {
    NAME(STATX_BASIC_STATS), NAME(STATX_TYPE),   NAME(STATX_MODE),  NAME(STATX_NLINK),        NAME(STATX_UID),
    NAME(STATX_GID),         NAME(STATX_ATIME),  NAME(STATX_MTIME), NAME(STATX_CTIME),        NAME(STATX_INO),
    NAME(STATX_SIZE),        NAME(STATX_BLOCKS), NAME(STATX_BTIME), {0x1000, "STATX_MNT_ID"},
};
constexpr Name kCloseRangeFlags[] = {
    NAME(CLOSE_RANGE_UNSHARE),
    NAME(CLOSE_RANGE_CLOEXEC),
};
constexpr Name kDescriptorFlags[] = {
    NAME(O_CLOEXEC),
};
constexpr Name kFallocateModes[] = {
    NAME(FALLOC_FL_KEEP_SIZE),  NAME(FALLOC_FL_PUNCH_HOLE),   NAME(FALLOC_FL_COLLAPSE_RANGE),
    NAME(FALLOC_FL_ZERO_RANGE), NAME(FALLOC_FL_INSERT_RANGE), NAME(FALLOC_FL_UNSHARE_RANGE),
};
constexpr Name kFcntlCommands[] = {
    NAME(F_DUPFD),
    NAME(F_DUPFD_CLOEXEC),
    NAME(F_GETFD),
    NAME(F_SETFD),
    NAME(F_GETFL),
    NAME(F_SETFL),
    NAME(F_GETLK),
    NAME(F_SETLK),
    NAME(F_SETLKW),
    NAME(F_OFD_GETLK),
    NAME(F_OFD_SETLK),
    NAME(F_OFD_SETLKW),
    NAME(F_GETOWN),
    NAME(F_SETOWN),
    NAME(F_GETOWN_EX),
    NAME(F_SETOWN_EX),
    NAME(F_GETSIG),
    NAME(F_SETSIG),
    NAME(F_GETLEASE),
    NAME(F_SETLEASE),
    NAME(F_NOTIFY),
    NAME(F_GETPIPE_SZ),
    NAME(F_SETPIPE_SZ),
    NAME(F_ADD_SEALS),
    NAME(F_GET_SEALS),
    NAME(F_GET_RW_HINT),
    NAME(F_SET_RW_HINT),
    NAME(F_GET_FILE_RW_HINT),
    NAME(F_SET_FILE_RW_HINT),
};
constexpr Name kFcntlDescriptorFlags[] = {
    NAME(FD_CLOEXEC),
};
constexpr Name kFlockOperations[] = {
    NAME(LOCK_SH),
    NAME(LOCK_EX),
    NAME(LOCK_UN),
};
constexpr Name kFlockFlags[] = {
    NAME(LOCK_NB),
};
constexpr Name kInotifyEvents[] = {
    NAME(IN_ALL_EVENTS),    NAME(IN_ACCESS),      NAME(IN_MODIFY),     NAME(IN_ATTRIB),   NAME(IN_CLOSE_WRITE),
    NAME(IN_CLOSE_NOWRITE), NAME(IN_OPEN),        NAME(IN_MOVED_FROM), NAME(IN_MOVED_TO), NAME(IN_CREATE),
    NAME(IN_DELETE),        NAME(IN_DELETE_SELF), NAME(IN_MOVE_SELF),  NAME(IN_ONLYDIR),  NAME(IN_DONT_FOLLOW),
    NAME(IN_EXCL_UNLINK),   NAME(IN_MASK_CREATE), NAME(IN_MASK_ADD),   NAME(IN_ONESHOT),
};
constexpr Name kInotifyInitFlags[] = {
    NAME(IN_CLOEXEC),
    NAME(IN_NONBLOCK),
};
constexpr Name kReadWriteFlags[] = {
    NAME(RWF_HIPRI), NAME(RWF_DSYNC), NAME(RWF_SYNC), NAME(RWF_NOWAIT), NAME(RWF_APPEND),
};
constexpr Name kSetXattrFlags[] = {
    NAME(XATTR_CREATE),
    NAME(XATTR_REPLACE),
};
constexpr Name kShutdownWays[] = {
    NAME(SHUT_RD),
    NAME(SHUT_WR),
    NAME(SHUT_RDWR),
};
constexpr Name kSyncRangeFlags[] = {
    NAME(SYNC_FILE_RANGE_WAIT_BEFORE),
    NAME(SYNC_FILE_RANGE_WRITE),
    NAME(SYNC_FILE_RANGE_WAIT_AFTER),
};
constexpr Name kWhences[] = {
    NAME(SEEK_SET), NAME(SEEK_CUR), NAME(SEEK_END), NAME(SEEK_DATA), NAME(SEEK_HOLE),
};
constexpr Name kSocketLevels[] = {
    NAME(SOL_SOCKET),         {IPPROTO_IP, "SOL_IP"}, {IPPROTO_TCP, "SOL_TCP"},
    {IPPROTO_UDP, "SOL_UDP"}, NAME(SOL_RAW),          {IPPROTO_IPV6, "SOL_IPV6"},
    NAME(SOL_PACKET),         NAME(SOL_NETLINK),      NAME(SOL_ALG),
};
constexpr Name kSocketOptions[] = {
    NAME(SO_DEBUG),        NAME(SO_REUSEADDR),     NAME(SO_TYPE),          NAME(SO_ERROR),       NAME(SO_DONTROUTE),
    NAME(SO_BROADCAST),    NAME(SO_SNDBUF),        NAME(SO_RCVBUF),        NAME(SO_KEEPALIVE),   NAME(SO_OOBINLINE),
    NAME(SO_NO_CHECK),     NAME(SO_PRIORITY),      NAME(SO_LINGER),        NAME(SO_REUSEPORT),   NAME(SO_PASSCRED),
    NAME(SO_PEERCRED),     NAME(SO_RCVLOWAT),      NAME(SO_SNDLOWAT),      NAME(SO_RCVTIMEO),    NAME(SO_SNDTIMEO),
    NAME(SO_BINDTODEVICE), NAME(SO_ATTACH_FILTER), NAME(SO_DETACH_FILTER), NAME(SO_PEERNAME),    NAME(SO_TIMESTAMP),
    NAME(SO_ACCEPTCONN),   NAME(SO_PEERSEC),       NAME(SO_SNDBUFFORCE),   NAME(SO_RCVBUFFORCE), NAME(SO_PASSSEC),
    NAME(SO_MARK),         NAME(SO_PROTOCOL),      NAME(SO_DOMAIN),        NAME(SO_RXQ_OVFL),    NAME(SO_PEEK_OFF),
    NAME(SO_LOCK_FILTER),  NAME(SO_BUSY_POLL),     NAME(SO_INCOMING_CPU),  NAME(SO_ATTACH_BPF),  NAME(SO_PEERGROUPS),
    NAME(SO_ZEROCOPY),     NAME(SO_COOKIE),
};
constexpr Name kIpOptions[] = {
    NAME(IP_TOS),
    NAME(IP_TTL),
    NAME(IP_HDRINCL),
    NAME(IP_OPTIONS),
    NAME(IP_RECVOPTS),
    NAME(IP_PKTINFO),
    NAME(IP_MTU_DISCOVER),
    NAME(IP_RECVERR),
    NAME(IP_RECVTTL),
    NAME(IP_RECVTOS),
    NAME(IP_MTU),
    NAME(IP_FREEBIND),
    NAME(IP_TRANSPARENT),
    NAME(IP_BIND_ADDRESS_NO_PORT),
    NAME(IP_MULTICAST_IF),
    NAME(IP_MULTICAST_TTL),
    NAME(IP_MULTICAST_LOOP),
    NAME(IP_ADD_MEMBERSHIP),
    NAME(IP_DROP_MEMBERSHIP),
    NAME(IP_UNICAST_IF),
};
constexpr Name kIpv6Options[] = {
    NAME(IPV6_V6ONLY),         NAME(IPV6_UNICAST_HOPS),   NAME(IPV6_MULTICAST_IF),
    NAME(IPV6_MULTICAST_HOPS), NAME(IPV6_MULTICAST_LOOP), NAME(IPV6_JOIN_GROUP),
    NAME(IPV6_LEAVE_GROUP),    NAME(IPV6_MTU_DISCOVER),   NAME(IPV6_MTU),
    NAME(IPV6_RECVERR),        NAME(IPV6_RECVPKTINFO),    NAME(IPV6_PKTINFO),
    NAME(IPV6_RECVHOPLIMIT),   NAME(IPV6_TCLASS),         NAME(IPV6_RECVTCLASS),
    NAME(IPV6_FREEBIND),       NAME(IPV6_TRANSPARENT),    NAME(IPV6_ADDR_PREFERENCES),
};
constexpr Name kTcpOptions[] = {
    NAME(TCP_NODELAY),      NAME(TCP_MAXSEG),        NAME(TCP_CORK),         NAME(TCP_KEEPIDLE),
    NAME(TCP_KEEPINTVL),    NAME(TCP_KEEPCNT),       NAME(TCP_SYNCNT),       NAME(TCP_LINGER2),
    NAME(TCP_DEFER_ACCEPT), NAME(TCP_WINDOW_CLAMP),  NAME(TCP_INFO),         NAME(TCP_QUICKACK),
    NAME(TCP_CONGESTION),   NAME(TCP_MD5SIG),        NAME(TCP_USER_TIMEOUT), NAME(TCP_FASTOPEN),
    NAME(TCP_TIMESTAMP),    NAME(TCP_NOTSENT_LOWAT), NAME(TCP_ULP),          NAME(TCP_FASTOPEN_CONNECT),
};
constexpr Name kUdpOptions[] = {
    NAME(UDP_CORK),
    NAME(UDP_ENCAP),
    {103, "UDP_SEGMENT"},
    {104, "UDP_GRO"},
};

}  // namespace

const Names kAccessAt{.flags = kAccessAtFlags};
const Names kCloseRange{.flags = kCloseRangeFlags};
const Names kDescriptor{.flags = kDescriptorFlags};
const Names kFallocate{.flags = kFallocateModes};
const Names kFcntl{kWhole, kFcntlCommands, {}};
const Names kFcntlDescriptor{.flags = kFcntlDescriptorFlags};
const Names kFlock{~uint64_t{LOCK_NB}, kFlockOperations, kFlockFlags};
const Names kInotify{.flags = kInotifyEvents};
const Names kInotifyInit{.flags = kInotifyInitFlags};
const Names kIpOption{kWhole, kIpOptions, {}};
const Names kIpv6Option{kWhole, kIpv6Options, {}};
const Names kReadWrite{.flags = kReadWriteFlags};
const Names kSetXattr{.flags = kSetXattrFlags};
const Names kShutdown{kWhole, kShutdownWays, {}};
const Names kSocketLevel{kWhole, kSocketLevels, {}};
const Names kSocketOption{kWhole, kSocketOptions, {}};
const Names kStatx{.flags = kStatxMask};
const Names kStatxAt{.flags = kStatxAtFlags};
const Names kSyncRange{.flags = kSyncRangeFlags};
const Names kTcpOption{kWhole, kTcpOptions, {}};
const Names kUdpOption{kWhole, kUdpOptions, {}};
const Names kWhence{kWhole, kWhences, {}};

}  // namespace clawbox::supervise::names
