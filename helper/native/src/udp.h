// Sockets of a data plane, and what a datagram on a UDP socket is: IKE, ESP or a keepalive (RFC 3948, RFC 7296 §2.23).
// What is particular to ESP without UDP stands in raw_esp.h.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bytes.h"
#include "file_descriptor.h"

namespace adit {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  // Throws ArgumentError where `text` is no address of the family; `field` stands in the message.
  static SocketAddress parse(int family, const std::string& text, std::uint16_t port, const char* field);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  std::uint16_t port() const;
  std::string text() const;
};

struct UdpSpec {
  int family;  // AF_INET or AF_INET6
  std::string address;  // empty: any
  std::uint16_t port;
  std::optional<std::uint32_t> mark;
  bool bare = false;  // ESP as IP protocol 50, a raw socket: no port
  bool shared = false;  // on a port that another socket of ours has, and shares just now (shortcut.h)
};

// Read by one thread while another one changes it.
class Port {
 public:
  Port(std::uint16_t number) : number_(number) {}
  Port(const Port& other) : number_(std::uint16_t{other}) {}
  Port& operator=(const Port& other) {
    number_.store(other, std::memory_order_relaxed);
    return *this;
  }
  operator std::uint16_t() const { return number_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint16_t> number_;
};

struct UdpSocket {
  FileDescriptor descriptor;
  int family;
  Port port;  // the real one; 0 of a bare socket
  bool bare;  // carries nothing but ESP, without UDP around it
  bool segments;  // sends many datagrams at once (UDP_SEGMENT)
  bool gathers;   // gets many datagrams at once (UDP_GRO)
  int fragmentsOf = -1;  // see dont_fragment.h; of the sending thread

  // Throws SystemFailure.
  static UdpSocket open(const UdpSpec& spec);
  // The other one of its kind, under the descriptor that this one has: threads that send on it use that one from now on. Those that
  // wait for this one have to be woken. Throws SystemFailure.
  void become(UdpSocket other);
};

enum class DatagramKind { ike, esp, keepalive, runt };

struct Classified {
  DatagramKind kind;
  Octets bytes;  // IKE: without the marker
};

// Whether IKE between these ports travels without the non-ESP marker: where either end is 500. That is our own socket
// on 500, or a client's single socket before it moves from the gateway's 500 to its 4500. data-plane.ts has the rule.
bool withoutMarker(std::uint16_t localPort, std::uint16_t remotePort);

// What came to `localPort` from `remotePort`. ESP has an SPI and a sequence number at least, IKE a whole header.
Classified classify(Octets datagram, std::uint16_t localPort, std::uint16_t remotePort);

// Whether a message of IKE says that it is one of an IKE SA that stands (RFC 7296 §3.14, RFC 7383 §2.5); only its ICV could
// prove that. What a gateway says that has forgotten us is in the clear (RFC 7296 §1.5), and so is IKE_SA_INIT.
bool isProtected(ConstOctets ike);

// What one message of a receive batch says about its datagrams: they came from one peer, and all but the last are of
// one size (UDP_GRO).
struct Arrival {
  Octets bytes;
  std::size_t segmentBytes;
  SocketAddress remote;
  SocketAddress local;  // where they were sent to: IP_PKTINFO with the socket's port
  std::uint8_t trafficClass;  // DSCP and ECN of the outer headers
};

// A receive buffer of many messages with their addresses: one recvmmsg.
class DatagramBatch {
 public:
  static constexpr std::size_t kMessages = 32;
  // With UDP_GRO a message is up to 64 datagrams: more of them at once only push each other out of the cache.
  static constexpr std::size_t kLargeMessages = 8;
  static constexpr std::size_t kMessageBytes = 65536;

  DatagramBatch();
  // Messages received; 0 when there are none now; a negative errno when the socket has an error to tell.
  int receive(const UdpSocket& socket);
  // Whether the last call came back with less than it could have taken.
  bool drained() const { return drained_; }
  Arrival arrival(int index, const UdpSocket& socket);

 private:
  union Control {
    cmsghdr alignment;
    char bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int))];
  };
  // From one message to the next: not a power of two, so that short messages do not all claim the same cache sets.
  static constexpr std::size_t kStride = kMessageBytes + 1600;
  std::uint8_t* at(std::size_t message) const { return buffer_.get() + message * kStride; }

  const std::unique_ptr<std::uint8_t[]> buffer_;
  bool large_ = false;  // the last messages were
  bool drained_ = true;
  std::array<mmsghdr, kMessages> headers_{};
  std::array<iovec, kMessages> vectors_{};
  std::array<sockaddr_storage, kMessages> remotes_{};
  std::array<Control, kMessages> controls_{};
};

// One datagram of up to two parts, without waiting. False: the system did not take it.
bool sendDatagram(const UdpSocket& socket, const SocketAddress& remote, ConstOctets head, ConstOctets body);

// Datagrams that lie one behind the other, all of `segmentBytes` but the last, which may be shorter: in one call where
// the system can, else one by one. Returns how many of them the system did not take.
std::size_t sendDatagrams(const UdpSocket& socket, const SocketAddress& remote, std::uint8_t trafficClass,
                          Octets datagrams, std::size_t segmentBytes);

}  // namespace adit
