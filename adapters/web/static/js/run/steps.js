/** Where an arrow key leads in the graph: along the arrows where there is one, else to the nearest box that way. Pure. */

/** @typedef {import("../types.js").Box} Box */

/** @type {{[key: string]: [x: number, y: number]}} */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/**
 * The task to go to, null where the key means nothing or nothing lies that way.
 * @param {string} key
 * @param {string} task
 * @param {Map<string, import("../types.js").Task>} tasks
 * @param {Map<string, Box>} boxes
 * @returns {string|null}
 */
export function nextBox(key, task, tasks, boxes) {
  const here = boxes.get(task);
  if (!here) return null;
  if (key === "Home") return boxes.keys().next().value ?? null;
  if (key === "End") return [...boxes.keys()].at(-1) ?? null;
  const way = WAYS[key];
  if (!way) return null;
  return nearest(linked(key, task, tasks, boxes), here) ?? nearest(beyond(way, here, boxes), here);
}

/**
 * @param {string} key
 * @param {string} task
 * @param {Map<string, import("../types.js").Task>} tasks
 * @param {Map<string, Box>} boxes
 * @returns {Box[]}
 */
function linked(key, task, tasks, boxes) {
  /** @type {string[]} */
  let names = [];
  if (key === "ArrowLeft") names = tasks.get(task)?.depends_on ?? [];
  if (key === "ArrowRight") names = [...tasks.values()].filter((other) => other.depends_on.includes(task)).map((other) => other.id);
  return names.flatMap((name) => boxes.get(name) ?? []);
}

/**
 * @param {[number, number]} way
 * @param {Box} here
 * @param {Map<string, Box>} boxes
 */
function beyond([x, y], here, boxes) {
  return [...boxes.values()].filter((box) => {
    const ahead = (box.x - here.x) * x + (box.y - here.y) * y;
    const aside = Math.abs((box.x - here.x) * y + (box.y - here.y) * x);
    return ahead > 1 && aside <= (x ? here.height * 4 : here.width * 0.75);
  });
}

/**
 * @param {Box[]} boxes
 * @param {Box} here
 */
function nearest(boxes, here) {
  let best = null;
  let least = Infinity;
  for (const box of boxes) {
    const distance = Math.hypot(box.x - here.x, box.y - here.y);
    if (distance < least) [best, least] = [box.id, distance];
  }
  return best;
}
