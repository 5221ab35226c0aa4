#include "edge/serve/http2_session.h"

#include <array>

#include <nghttp2/nghttp2.h>

#include "edge/serve/http2_stream.h"

namespace edge::serve {
namespace {

// Of request bodies nobody has read yet: a stream's, and all of a connection's.
constexpr std::uint32_t kStreamWindow = 64 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
// Resets at once and per second: what browsers do stays below (CVE-2023-44487).
constexpr std::uint64_t kResetBurst = 300;
constexpr std::uint64_t kResetsPerSecond = 30;

Http2Events& self_of(void* self) { return *static_cast<Http2Events*>(self); }

std::string_view text_of(const std::uint8_t* octets, std::size_t size) {
  return {reinterpret_cast<const char*>(octets), size};
}

Http2Frame frame_of(const nghttp2_frame& frame) {
  const bool is_headers = frame.hd.type == NGHTTP2_HEADERS;
  const bool can_end = is_headers || frame.hd.type == NGHTTP2_DATA;
  return {.type = frame.hd.type,
          .stream = frame.hd.stream_id,
          .length = frame.hd.length,
          .ends_stream = can_end && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0,
          .is_request = is_headers && frame.headers.cat == NGHTTP2_HCAT_REQUEST};
}

// NOLINTBEGIN(readability-function-size): nghttp2's signatures
void set_callbacks(nghttp2_session_callbacks* callbacks) {
  ::nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        return self_of(self).on_begin_headers(frame_of(*frame));
      });
  ::nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t size,
         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
        return self_of(self).on_header(frame_of(*frame), text_of(name, size),
                                       text_of(value, value_size));
      });
  // Without it such fields would be left out quietly; RFC 9113 8.1.1 has them end the stream.
  ::nghttp2_session_callbacks_set_on_invalid_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
         const std::uint8_t*, std::size_t, std::uint8_t,
         void*) -> int { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; });
  ::nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        self_of(self).on_frame(frame_of(*frame));
        return 0;
      });
  ::nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        self_of(self).on_sent(frame_of(*frame));
        return 0;
      });
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* octets,
                    std::size_t size, void* self) {
        self_of(self).on_body(id, text_of(octets, size));
        return 0;
      });
  ::nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t, void* self) {
        self_of(self).on_close(id);
        return 0;
      });
  ::nghttp2_session_callbacks_set_send_data_callback(
      callbacks,
      [](nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
         nghttp2_data_source* source, void* self) -> int {
        constexpr std::size_t kFrameHead = 9;
        if (frame->data.padlen != 0) { return NGHTTP2_ERR_CALLBACK_FAILURE; }  // we never pad
        return self_of(self).on_send_body(text_of(head, kFrameHead), size,
                                          *static_cast<Http2Stream*>(source->ptr));
      });
}
// NOLINTEND(readability-function-size)

}  // namespace

void Http2SessionFree::operator()(nghttp2_session* session) const noexcept {
  ::nghttp2_session_del(session);
}

Http2SessionPtr make_http2_session(Http2Events& events, std::uint32_t header_octets) {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (::nghttp2_session_callbacks_new(&callbacks) != 0) { return nullptr; }
  set_callbacks(callbacks);
  nghttp2_session* made = nullptr;
  nghttp2_option* options = nullptr;
  if (::nghttp2_option_new(&options) == 0) {
    ::nghttp2_option_set_no_auto_window_update(options, 1);
    ::nghttp2_option_set_no_closed_streams(options, 1);
    ::nghttp2_option_set_stream_reset_rate_limit(options, kResetBurst, kResetsPerSecond);
    ::nghttp2_session_server_new2(&made, callbacks, &events, options);
    ::nghttp2_option_del(options);
  }
  ::nghttp2_session_callbacks_del(callbacks);
  Http2SessionPtr session(made);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxHttp2Streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_octets},
  }};
  const bool ready =
      session &&
      ::nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0 &&
      ::nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) == 0;
  return ready ? std::move(session) : nullptr;
}

}  // namespace edge::serve
