#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# script.sh DEVICE BASE_URL CA KEY LAMPS: what a user could write instead of installing a station. tagbase-perf measures a
# station beside it. Debian's nfc-poll waits for a tag, pn53x-tamashell reads it with the six APDUs of the NFC Forum, curl posts it.
# It prints "ready" once, and "scan STATUS MICROSECONDS" after each tap: the Unix time at which it had the URL.
set -u
device=$1 base=$2 ca=$3 key=$4 lamps=$5
export LIBNFC_DEFAULT_DEVICE=$device LIBNFC_LOG_LEVEL=0
declare -A sessions
last=

lamp() { echo "$2" >"$lamps/$1"; }

# tell sends a command to the chip and sets answer to the data of its answer, in hexadecimal.
tell() {
	local line
	echo "$1" >&"${shell[1]}"
	while read -r -t 2 line <&"${shell[0]}"; do
		case $line in *Rx:*) break ;; esac
	done
	answer=${line#*Rx: }
	answer=${answer// /}
}

# apdu sends an APDU (InDataExchange with target 1) and sets answer to its data, without D5 41 00 and the status word.
# It fails unless the status word is 9000.
apdu() {
	tell "4001$1"
	answer=${answer,,}
	case $answer in *9000) ;; *) return 1 ;; esac
	answer=${answer#d54100}
	answer=${answer#00}
	answer=${answer%9000}
}

# wait_tag waits until nfc-poll has found a tag, and sets uid.
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

# read_url selects the tag (InListPassiveTarget) and sets url to what its NDEF file holds, without https://.
read_url() {
	coproc shell { exec stdbuf -oL pn53x-tamashell 2>/dev/null; }
	local pid=$shell_PID message
	tell 4a0100
	apdu 00a4040007d276000085010100 && apdu 00a4000c02e103 && apdu 00b000000f &&
		apdu "00a4000c02${answer:18:4}" && apdu 00b0000002 && apdu "00b00002${answer:2:2}"

	# Five bytes stand before the URL: the header of a short record of type U, and the prefix https://.
	message=$answer
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	printf -v url '%b' "$(sed 's/../\\x&/g' <<<"${message:10}")"
}

# post submits the scan of a URL, in the session that the tag has open, and prints the answer.
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
	# The tag of the tap before is still there.
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
