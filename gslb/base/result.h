// A value or the reason there is none: std::expected's names for the part of it we use.
//
// Why our own: std::expected is not in libstdc++ 12 under clang 14, and boost::outcome costs 3 s a
// translation unit.  E is a small enum for untrusted octets, never a string (errors on the wire are
// counted, not printed).
#pragma once

#include <optional>
#include <utility>
#include <variant>

namespace gslb {

// Wraps an error so that it can't be mistaken for a value of the same type.
template <typename E>
class Unexpected {
 public:
  constexpr explicit Unexpected(E error) : error_(std::move(error)) {}
  constexpr const E& error() const noexcept { return error_; }

 private:
  E error_;
};
template <typename E>
Unexpected(E) -> Unexpected<E>;

// Thread-compatible.  Reading value() of a failed result (or error() of a good one) is a bug and
// throws std::bad_variant_access.
template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT
  constexpr Result(Unexpected<E> failure)                                          // NOLINT
      : state_(std::in_place_index<1>, std::move(failure)) {}

  constexpr bool has_value() const noexcept { return state_.index() == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }

  constexpr const T& value() const& { return std::get<0>(state_); }
  constexpr T& value() & { return std::get<0>(state_); }
  constexpr T&& value() && { return std::get<0>(std::move(state_)); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T& operator*() & { return value(); }
  constexpr T&& operator*() && { return std::move(*this).value(); }
  constexpr const T* operator->() const { return &value(); }
  constexpr T* operator->() { return &value(); }

  constexpr const E& error() const { return std::get<1>(state_).error(); }

  template <typename U>
  constexpr T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  std::variant<T, Unexpected<E>> state_;
};

// Success without a value, or the reason for failure.
template <typename E>
class [[nodiscard]] Result<void, E> {
 public:
  constexpr Result() = default;
  constexpr Result(Unexpected<E> failure) : failure_(failure.error()) {}  // NOLINT

  constexpr bool has_value() const noexcept { return !failure_.has_value(); }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  constexpr const E& error() const { return failure_.value(); }

 private:
  std::optional<E> failure_;
};

}  // namespace gslb
