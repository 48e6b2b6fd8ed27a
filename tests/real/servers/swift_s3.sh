#!/usr/bin/env bash
# OpenStack Swift, all of it on this machine, with its S3 front end: swift_s3.sh FOLDER PORT. Runs until it is killed.
# Debian: apt-get install swift-proxy swift-account swift-container swift-object memcached. Key test:tester, secret testing.
set -euo pipefail
folder=$1 port=$2
mkdir -p "$folder/disk/d1" "$folder/etc"
cd "$folder/etc"
export SWIFT_DIR="$folder/etc"

cat >swift.conf <<END
[swift-hash]
swift_hash_path_prefix = test
swift_hash_path_suffix = test
[storage-policy:0]
name = only
default = yes
END
[ -f /etc/swift/swift.conf ] || { mkdir -p /etc/swift && cp swift.conf /etc/swift/swift.conf; }

place=1
for part in account container object; do
  at=$((port + place)) place=$((place + 1))
  {
    printf '[DEFAULT]\ndevices = %s\nmount_check = false\nbind_ip = 127.0.0.1\nbind_port = %s\n' "$folder/disk" "$at"
    printf 'workers = 0\nuser = %s\nswift_dir = %s\nfallocate_reserve = 0\n' "$(id -un)" "$folder/etc"
    printf '[pipeline:main]\npipeline = %s-server\n[app:%s-server]\nuse = egg:swift#%s\n' "$part" "$part" "$part"
  } >"$part.conf"
  swift-ring-builder "$part.builder" create 4 1 1 >/dev/null
  swift-ring-builder "$part.builder" add "r1z1-127.0.0.1:$at/d1" 1 >/dev/null
  swift-ring-builder "$part.builder" rebalance >/dev/null
done

cat >proxy.conf <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = $(id -un)
swift_dir = $folder/etc
[pipeline:main]
pipeline = catch_errors healthcheck proxy-logging cache listing_formats s3api tempauth bulk slo dlo versioned_writes symlink proxy-logging proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$((port + 4))
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
[filter:symlink]
use = egg:swift#symlink
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
END

# the servers leave the session of this script, so it ends them itself
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
trap 'exit 143' TERM INT
memcached -u "$(id -un)" -l 127.0.0.1 -p "$((port + 4))" &
for part in account container object; do "swift-$part-server" "$part.conf" & done
for place in 1 2 3; do  # the proxy turns from a server that is not there yet for a minute
  until (: >"/dev/tcp/127.0.0.1/$((port + place))") 2>/dev/null; do sleep 0.1; done
done
swift-proxy-server proxy.conf &
wait
