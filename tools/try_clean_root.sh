#!/bin/bash
# Try the README's commands on a fresh minimal Debian or Ubuntu, with its own Python and an empty home:
#
#     tools/try_clean_root.sh SUITE USER FOLDER COMMAND...
#     tools/try_clean_root.sh bookworm li 'a b/数据' make html
#     tools/try_clean_root.sh noble root tut make test-package
#
# Run it as root, where debootstrap is installed. It unpacks what is committed, without .git, into
# ROOTS/SUITE (ROOTS is /var/tmp/clean-roots unless set), which it makes first if need be. All roots
# share one cache of uv. This machine's pip settings and certificates come along (with PLAIN=1 only
# the certificates: local indexes often have wheels for one Python alone), and the folder that
# MNIST_TUT_DATA names, if it is set.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2; }
suite=$1 user=$2 folder=$3; shift 3
roots=${ROOTS:-/var/tmp/clean-roots} root=${ROOTS:-/var/tmp/clean-roots}/$suite
home=/root; [ "$user" = root ] || home=/home/$user
work="$root$home/$folder"

if [ ! -e "$root/usr/bin/make" ]; then
  mkdir -p "$roots"
  mirror=http://deb.debian.org/debian options=()
  case "$suite" in
    jammy | noble | plucky | questing | resolute)
      mirror=http://archive.ubuntu.com/ubuntu
      options=(--components=main,universe --no-check-gpg) ;;
  esac
  script=/usr/share/debootstrap/scripts/$suite # an older debootstrap does not know the newest
  [ -e "$script" ] || { [ "${#options[@]}" = 0 ] && script=sid || script=gutsy; }
  debootstrap --variant=minbase --include=make,python3,python3-venv,ca-certificates \
    "${options[@]}" "$suite" "$root" "$mirror" "/usr/share/debootstrap/scripts/${script##*/}"
fi
[ "$user" = root ] || chroot "$root" id "$user" > /dev/null 2>&1 || chroot "$root" useradd -m "$user"

# The machine's way to the network.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
[ -n "${PLAIN:-}" ] || [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/"
[ ! -e /etc/apt/apt.conf.d ] || cp -r /etc/apt/apt.conf.d "$root/etc/apt/"
mkdir -p "$root/etc/ssl/certs" "$root/var/cache/uv" "$roots/uv"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
chown -R "$(chroot "$root" id -u "$user")" "$roots/uv"

mounted=()
bring() { # FROM TO: one of this machine's folders
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2" && mounted=("$root$2" "${mounted[@]}")
}
trap 'for place in "${mounted[@]}"; do umount -l "$place"; done' EXIT
bring "$roots/uv" /var/cache/uv
bring /proc /proc
bring /dev /dev
bring /dev/shm /dev/shm
given=(HOME="$home" PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 UV_CACHE_DIR=/var/cache/uv)
if [ -n "${MNIST_TUT_DATA:-}" ]; then
  bring "$MNIST_TUT_DATA" /mnt/mnist
  given+=(MNIST_TUT_DATA=/mnt/mnist)
fi
settings=
[ -n "${PLAIN:-}" ] || settings=$(python3 -m pip config list | sed -nE "s/^.*(find-links|index-url)='(.*)'$/\2/p")
for place in $settings; do # folders of wheels
  place=${place#file://}; place=${place%/simple}
  [ ! -d "$place" ] || bring "$place" "$place"
done
for name in $([ -n "${PLAIN:-}" ] || compgen -e PIP_ || true) $(compgen -e MNIST_TUT_ | grep -v _DATA || true) \
  SSL_CERT_FILE http_proxy https_proxy no_proxy; do
  [ -z "${!name:-}" ] || given+=("$name=${!name}")
done
if [ -z "${PLAIN:-}" ] && [ -d "${XDG_CONFIG_HOME:-$HOME/.config}/pip" ]; then
  mkdir -p "$root/etc/xdg/pip" && cp "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$root/etc/xdg/pip/"
fi

mkdir -p "$work"
git -C "$(dirname "$0")/.." archive HEAD | tar -x -C "$work"
chroot "$root" chown -R "$user" "$home"
began=$SECONDS status=0
chroot "$root" env -i "${given[@]}" su "$user" --preserve-environment --shell /bin/bash \
  -c 'cd "$0" && exec "$@"' "$home/$folder" "$@" || status=$?
python=$(chroot "$root" python3 -c 'import platform; print(platform.python_version())')
echo "| $suite | $python | $user | $folder | $* | status $status | $((SECONDS - began)) s |"
exit "$status"
