#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# script.sh DEVICE BASE_URL CA KEY LAMPS: what somebody has without a daemon, to measure a station beside. Debian's nfc-poll
# waits for a tag, pn53x-tamashell reads it by the NFC Forum's six APDUs, curl posts it.
set -u
device=$1 base=$2 ca=$3 key=$4 lamps=$5
export LIBNFC_DEFAULT_DEVICE=$device LIBNFC_LOG_LEVEL=0
declare -A sessions
last=

lamp() { echo "$2" >"$lamps/$1"; }

# tell sends a command to the chip and takes the data of its answer, in hexadecimal.
tell() {
	local line
	echo "$1" >&"${shell[1]}"
	while read -r -t 2 line <&"${shell[0]}"; do
		case $line in *Rx:*) break ;; esac
	done
	answer=${line#*Rx: }
	answer=${answer// /}
}

# apdu does so for an APDU: answer is its data without D5 41 00 and the status word.
apdu() {
	tell "4001$1"
	answer=${answer,,}
	case $answer in *9000) ;; *) return 1 ;; esac
	answer=${answer#d54100}
	answer=${answer#00}
	answer=${answer%9000}
}

# wait_tag ends when nfc-poll has found one.
wait_tag() {
	local line
	coproc poll { exec stdbuf -oL nfc-poll 2>/dev/null; }
	local pid=$poll_PID
	uid=
	while read -r line <&"${poll[0]}"; do
		case $line in *NFCID1*) uid=${line#*: }; break ;; esac
	done
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	[ -n "$uid" ]
}

read_url() {
	coproc shell { exec stdbuf -oL pn53x-tamashell 2>/dev/null; }
	local pid=$shell_PID message
	tell 4a0100
	apdu 00a4040007d276000085010100 && apdu 00a4000c02e103 && apdu 00b000000f &&
		apdu "00a4000c02${answer:18:4}" && apdu 00b0000002 && apdu "00b00002${answer:2:2}"
	message=$answer
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	printf -v url '%b' "$(sed 's/../\\x&/g' <<<"${message:10}")"
}

post() {
	local rest=${1#*/} attributes= pair relation=
	tag=${rest%%\?*}
	local IFS='&'
	for pair in ${rest#*\?}; do attributes="$attributes,\"${pair%%=*}\":\"${pair#*=}\""; done
	[ -n "${sessions[$tag]:-}" ] &&
		relation=",\"relationships\":{\"session\":{\"data\":{\"type\":\"sessions\",\"id\":\"${sessions[$tag]}\"}}}"
	curl -s --cacert "$ca" -H "Authorization: Bearer $key" -H 'Accept: application/vnd.api+json' \
		-H 'Content-Type: application/vnd.api+json' "$base/tags/$tag/verifications" \
		-d "{\"data\":{\"type\":\"verifications\",\"attributes\":{${attributes#,}}$relation}}"
}

echo ready
while :; do
	wait_tag || continue
	[ "$uid" = "$last" ] && continue
	lamp green 0
	lamp red 0
	lamp amber 1
	read_url
	at=${EPOCHREALTIME/./}
	case $url in */*) ;; *) echo "scan failed $at"; continue ;; esac
	body=$(post "$url")
	tag=${url#*/} tag=${tag%%\?*}
	status=$(sed -n 's/.*"status":"\([a-z]*\)".*/\1/p' <<<"$body")
	unset "sessions[$tag]"
	case $status in
	pending) sessions[$tag]=$(grep -o 'ses_[A-Za-z0-9_-]*' <<<"$body" | head -1) ;;
	valid) lamp amber 0; lamp green 1 ;;
	invalid) lamp amber 0; lamp red 1 ;;
	esac
	last=$uid
	echo "scan ${status:-failed} $at"
done
