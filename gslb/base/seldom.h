// A value that nearly always is its type's default, which then takes eight octets.
//
// Why: of 100,000 zones in a configuration most have none of the two dozen settings they may have.
#pragma once

#include <memory>
#include <utility>

namespace gslb {

// Immutable value.  T has == and a default.
template <typename T>
class Seldom {
 public:
  Seldom() = default;
  Seldom(T value) {  // NOLINT(google-explicit-constructor): it stands where a T stood
    if (!(value == T{})) { value_ = std::make_unique<const T>(std::move(value)); }
  }
  Seldom(const Seldom& other) : Seldom(*other) {}
  Seldom(Seldom&&) noexcept = default;
  Seldom& operator=(const Seldom& other) { return *this = Seldom(other); }
  Seldom& operator=(Seldom&&) noexcept = default;
  ~Seldom() = default;

  const T& operator*() const {
    static const T usual{};
    return value_ ? *value_ : usual;
  }
  const T* operator->() const { return &**this; }

 private:
  std::unique_ptr<const T> value_;
};

}  // namespace gslb
