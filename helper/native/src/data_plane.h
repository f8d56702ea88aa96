// The data plane: one thread carries packets from all sockets to the TUN and, while there are few, from the TUN into ESP
// and out of a socket; a second one takes the latter over when there are many (waiting.h), and a third one, where there
// are cores enough, what is written to the TUN (tun_writer.h). JavaScript's thread installs and removes SAs, sends IKE
// and reads counters.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "event_queue.h"
#include "failure.h"
#include "file_descriptor.h"
#include "life_timer.h"
#include "moderation.h"
#include "path_mtu.h"
#include "receiver.h"
#include "sa_table.h"
#include "sender.h"
#include "shortcut.h"
#include "tun.h"
#include "tun_writer.h"
#include "udp.h"
#include "unreachable.h"
#include "waiting.h"

namespace adit {

struct PlaneCounters {
  std::uint64_t unknownSpi, runts, noSa, sendErrors, ikeDrops, ecnDrops, tooBig;
};

class DataPlane {
 public:
  // Throws SystemFailure where a socket cannot be had; the TUN is closed then, too. `wake`: see EventQueue.
  DataPlane(FileDescriptor tun, const std::vector<UdpSpec>& sockets, std::function<void()> wake);
  ~DataPlane() { close(); }
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  const std::vector<UdpSocket>& sockets() const { return sockets_; }
  // Whether every socket has a shortcut beside it that may have one.
  bool connected() const;
  const TunFeatures& tunFeatures() const { return tunFeatures_; }
  // The addresses are of the socket's family, the indices exist: whoever calls has checked.
  void sendIke(std::size_t socket, const SocketAddress& remote, ConstOctets bytes, bool keepalive);
  // As SaTable has them; the filters of bare sockets follow.
  void install(std::shared_ptr<Sa> sa, const Path& path, bool standby = false);
  void remove(std::uint32_t spiIn);
  void setPath(std::uint32_t spiIn, const Path& path);
  // Another port of the system's choice in place of the UDP socket's own: a NAT on the way knows nothing of it. What is on its way to
  // the old one is lost. Throws SystemFailure; then the old one stays.
  void renewPort(std::size_t socket);
  SaTable& table() { return table_; }
  PathMtus& mtus() { return mtus_; }
  EventQueue& events() { return events_; }
  PlaneCounters counters() const;
  // Ends the threads, wipes the keys, closes sockets and TUN. May be called again.
  void close();
  bool closed() const { return closed_; }

 private:
  void filterBareSockets();
  void takeEarly(Receiver& receiver);
  void start(std::thread& thread, const char* name, void (DataPlane::*body)());
  void runTun();
  void runUdp();
  void runWriter();
  // A batch: frames of the TUN, or datagrams.
  struct Carried {
    std::size_t frames = 0;
    std::size_t octets = 0;
  };
  // Carries what the TUN has, up to a batch; throws SystemFailure where the TUN is lost. The flags are poll's.
  Carried fromTun(short flags);
  // The same for the receiving thread, which goes on without it.
  Carried lookAtTun(short flags);
  // Of what leaves.
  const Rests& pace() const;
  void reportTun(const SystemFailure& failure);
  Carried forwardOutbound();
  void send(const Run& run);
  // The socket, or from sockets_.size() on the shortcut beside one.
  Carried receiveFrom(std::size_t number, DatagramBatch& batch, Receiver& receiver);
  // Returns how many datagrams it was.
  std::size_t handleArrival(const SaView& view, std::size_t socket, const Arrival& arrival, Receiver& receiver);
  void writeFrame(Octets frame);
  std::size_t handleBare(const SaView& view, std::size_t socket, const Arrival& arrival, Receiver& receiver);
  void reportExpiry(Sa& sa);
  void endLives();
  void hear(const Unreachable::Ear& ear);

  FileDescriptor tun_;
  Waiting waiting_;
  TunFeatures tunFeatures_;
  std::size_t frameHeaderBytes_;  // of what the TUN gives and takes
  const std::vector<UdpSpec> specs_;  // of the sockets
  std::vector<UdpSocket> sockets_;
  std::vector<Shortcut> shortcuts_;  // one beside each socket
  PathMtus mtus_;
  SaTable table_;
  LifeTimer lifeTimer_;
  std::optional<Unreachable> unreachable_;
  std::uint64_t deafUntil_ = 0;  // of the receiving thread
  std::atomic<std::uint64_t> largeArrival_{0};  // when a large batch came in last, by monotonicMs()
  EventQueue events_;
  Tally tally_;
  TunWriter writer_;
  std::mutex sending_;  // of whoever sends ESP; guards what follows
  Sender sender_;
  const std::unique_ptr<Frame> frame_;  // what is read from the TUN
  std::atomic<bool> stopping_{false};
  bool closed_ = false;
  std::thread tunThread_, udpThread_, writerThread_;
};

}  // namespace adit
