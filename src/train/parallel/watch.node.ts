/**
 * The program of a thread that looks after the other ranks on this machine while the main thread computes, or waits in an MPI
 * call that never returns because a rank has died. As text, so that it is the same from source and from the package. The lowest
 * rank alive says who is gone; all end at once, since nothing that is still in memory can be trusted to be complete.
 */
export const WATCH = `
const { readFileSync, writeSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
const { peers, rank } = workerData;
let remark = "there is no checkpoint yet";
parentPort.on("message", (text) => (remark = text));

function alive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  try {
    // On Linux, a process that has ended keeps its number until its parent reaps it (state Z).
    return !/\\) [ZX] /.test(readFileSync("/proc/" + pid + "/stat", "utf8"));
  } catch {
    return process.platform !== "linux";
  }
}

let gone = [];
setInterval(() => {
  const now = peers.filter((peer) => !alive(peer.pid));
  // Twice in a row: a job that ends in order ends within a moment.
  const dead = now.find((peer) => gone.includes(peer));
  gone = now;
  if (!dead) return;
  const lowest = peers.every((peer) => peer.rank > rank || gone.includes(peer));
  if (lowest)
    writeSync(2, "\\nrank " + dead.rank + " (process " + dead.pid + ") has died, and training stopped; " + remark + ". Continue with galatea resume\\n");
  process.kill(process.pid, "SIGKILL");
}, 100);
`;
