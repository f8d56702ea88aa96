#include "sa_table.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "failure.h"
#include "life_timer.h"

namespace adit {

const SaEntry* SaView::select(const Inner& inner) const {
  for (const SaEntry& entry : newestFirst) {
    if (!entry.retired && !entry.sa->expired() && entry.sa->carries(inner)) return &entry;
  }
  return nullptr;
}

const SaEntry* SaView::find(std::uint32_t spiIn) const {
  if (!newestFirst.empty() && newestFirst.front().sa->spiIn() == spiIn) [[likely]] return &newestFirst.front();
  const auto found = bySpiIn.find(spiIn);
  return found == bySpiIn.end() ? nullptr : &newestFirst[found->second];
}

SaTable::~SaTable() { delete view_.load(); }

// All orders here are sequentially consistent. Either the writer sees this place taken and waits, or the place was
// taken after the writer looked, and then the new view is what is read.
SaTable::Reading::Reading(SaTable& table, std::size_t reader) : place_(table.places_[reader].epoch), view_(nullptr) {
  place_.store(table.epoch_.load());
  view_ = table.view_.load();
}

void SaTable::publish(std::vector<SaEntry> entries) {
  auto next = std::make_unique<SaView>();
  next->newestFirst = std::move(entries);
  for (std::size_t i = 0; i < next->newestFirst.size(); i++) {
    next->bySpiIn.emplace(next->newestFirst[i].sa->spiIn(), i);
  }
  const std::unique_ptr<const SaView> old(view_.exchange(next.release()));
  const std::uint64_t now = epoch_.fetch_add(1) + 1;
  for (const Place& place : places_) {
    // A thread reads for one batch of packets and never while it waits: this is short.
    for (std::uint64_t seen = place.epoch.load(); seen != 0 && seen < now; seen = place.epoch.load()) {
      std::this_thread::yield();
    }
  }
}

void SaTable::install(std::shared_ptr<Sa> sa, const Path& path, bool standby) {
  const std::lock_guard lock(writing_);
  const SaView& view = *view_.load();
  if (view.find(sa->spiIn()) != nullptr) {
    throw StateError("spiIn: " + std::to_string(sa->spiIn()) + " is the SPI of an SA that is installed already");
  }
  std::vector<SaEntry> entries;
  entries.reserve(view.newestFirst.size() + 1);
  entries.insert(entries.end(), view.newestFirst.begin(), view.newestFirst.end());
  // The first whose selectors fit carries a packet: one that stands by comes last.
  entries.insert(standby ? entries.end() : entries.begin(), SaEntry{std::move(sa), path, false});
  publish(std::move(entries));
}

template <class Change>
bool SaTable::change(std::uint32_t spiIn, Change apply) {
  const std::lock_guard lock(writing_);
  std::vector<SaEntry> entries = view_.load()->newestFirst;
  const auto found = std::ranges::find_if(entries, [&](const SaEntry& entry) { return entry.sa->spiIn() == spiIn; });
  if (found == entries.end()) return false;
  const SaEntry kept = *found;  // outlives the old view, so that the SA ends after the wait, in this thread
  apply(entries, found);
  publish(std::move(entries));
  return true;
}

bool SaTable::remove(std::uint32_t spiIn) {
  return change(spiIn, [](std::vector<SaEntry>& entries, auto found) { entries.erase(found); });
}

bool SaTable::retire(std::uint32_t spiIn) {
  return change(spiIn, [](std::vector<SaEntry>&, auto found) { found->retired = true; });
}

bool SaTable::setPath(std::uint32_t spiIn, const Path& path) {
  return change(spiIn, [&](std::vector<SaEntry>&, auto found) { found->path = path; });
}

void SaTable::clear() {
  const std::lock_guard lock(writing_);
  publish({});
}

std::uint64_t SaTable::settle(std::uint64_t now, const std::function<void(Sa&)>& ended) {
  const std::lock_guard lock(writing_);
  std::vector<SaEntry> entries = view_.load()->newestFirst;
  std::vector<std::shared_ptr<Sa>> over;
  std::uint64_t next = kNever;
  for (const SaEntry& entry : entries) {
    Sa& sa = *entry.sa;
    if (sa.wiped()) continue;
    if (sa.endsAt() <= now) sa.expire(Expiry::time);
    if (sa.expired()) {
      over.push_back(entry.sa);
    } else {
      next = std::min(next, sa.endsAt());
    }
  }
  if (over.empty()) return next;
  publish(std::move(entries));  // the same again: for the wait, after which nobody has missed that they stopped
  for (const auto& sa : over) {
    sa->wipe();
    ended(*sa);
  }
  return next;
}

}  // namespace adit
