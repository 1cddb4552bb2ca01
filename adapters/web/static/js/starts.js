/** Follows the start of a run: its gates are measured first, which can take minutes. */

import { get } from "./api.js";
import { go } from "./router.js";
import { attempt, toast } from "./toast.js";

const AGAIN_MS = 1000;

/**
 * Wait until the run is there and open it, or show why it is not started.
 * @param {import("./types.js").Start} start
 * @param {(words: string) => void} tell where the wait is shown
 */
export async function follow(start, tell) {
  let now = start;
  while (now.state === "measuring") {
    tell("Measuring the gates on the branch as it is…");
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    const answer = await attempt(() => get(`/starts/${start.start}`));
    if (!answer) return;
    now = answer;
  }
  tell("");
  if (now.state === "refused") toast(now.reason, "bad");
  else if (now.run) go("run", now.run.id);
}
