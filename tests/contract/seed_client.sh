#!/usr/bin/env bash
# A client that knows only the project's first architecture document: its eight endpoints, its
# field names and nothing else. It takes both parts, the command line's and the runner's.
#
# usage: seed_client.sh URL USER_TOKEN start         create project, job and runner; claim
#        seed_client.sh URL USER_TOKEN finish        end what `start` began; print the job
# State between the two is kept in the folder SEED_STATE.
set -euo pipefail

url=$1
user_token=$2
part=$3

field() { # field NAME < JSON
    python3 -c 'import functools, json, sys
print(functools.reduce(lambda value, key: value[key], sys.argv[1].split("."), json.load(sys.stdin)))' "$1"
}

post() { # post PATH TOKEN JSON
    curl --silent --show-error --fail-with-body --request POST "${url}$1" \
        --header "Authorization: Bearer $2" --header "Content-Type: application/json" --data "$3"
}

get() { # get PATH TOKEN
    curl --silent --show-error --fail-with-body "${url}$1" --header "Authorization: Bearer $2"
}

expect() { # expect NAME WANTED < JSON
    local found
    found=$(field "$1")
    if [[ "${found}" != "$2" ]]; then
        echo "$1: wanted $2, found ${found}" >&2
        exit 1
    fi
}

start() {
    local answer project_id job_id runner_token
    answer=$(post /api/projects "${user_token}" '{
        "name": "my-app", "repo_url": "https://github.com/user/repo",
        "framework": "laravel", "target": "vps"}')
    project_id=$(field id <<<"${answer}")

    answer=$(post /api/jobs "${user_token}" \
        "{\"project_id\": ${project_id}, \"branch\": \"main\", \"commit\": \"abc123\"}")
    job_id=$(field id <<<"${answer}")
    expect status pending <<<"${answer}"
    expect runner_id None <<<"${answer}"

    answer=$(post /api/runner/register "${user_token}" '{"name": "my-server"}')
    runner_token=$(field token <<<"${answer}")

    answer=$(get /api/runner/jobs "${runner_token}")
    expect job_id "${job_id}" <<<"${answer}"
    expect project.repo_url https://github.com/user/repo <<<"${answer}"
    expect project.branch main <<<"${answer}"
    expect project.framework laravel <<<"${answer}"
    expect project.target vps <<<"${answer}"

    post "/api/runner/jobs/${job_id}/status" "${runner_token}" '{"status": "running"}' >/dev/null
    answer=$(get "/api/jobs/${job_id}" "${user_token}")
    expect status running <<<"${answer}"
    printf '%s' "${job_id}" >"${SEED_STATE:?}/job"
    printf '%s' "${runner_token}" >"${SEED_STATE:?}/runner"
}

finish() {
    local answer job_id runner_token
    job_id=$(cat "${SEED_STATE:?}/job")
    runner_token=$(cat "${SEED_STATE:?}/runner")
    post "/api/runner/jobs/${job_id}/status" "${runner_token}" \
        '{"status": "completed", "logs": "Deployment successful!"}' >/dev/null

    answer=$(get "/api/jobs/${job_id}" "${user_token}")
    expect status completed <<<"${answer}"
    expect logs "Deployment successful!" <<<"${answer}"
    field deployed_at <<<"${answer}"

    answer=$(get /api/projects "${user_token}")
    grep --quiet '"name":"my-app"' <<<"${answer}"
    answer=$(get /api/runner/jobs "${runner_token}")
    expect job_id None <<<"${answer}"
}

case "${part}" in
    start) start ;;
    finish) finish ;;
    *)
        echo "unknown part: ${part}" >&2
        exit 2
        ;;
esac
