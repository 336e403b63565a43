import { words } from "../words/language.ts";

export const mapWords = words(
  {
    title: "How the algorithms follow from one another",
    lead: "Every box is an algorithm that runs, every arrow the one change that leads to the next. Open a box to see what is changed, in formulas and in the file that runs.",
    keys: "Tab goes from box to box; the arrow keys follow the arrows of the map.",
    picture: "Map of the algorithms",
    list: "The same as a list",
    from: "from",
    dots: "A dot marks those that learn in the page.",
    live: "runs in the page",
    nothing: "Point at a box to read what leads to it.",
    beginning: "a beginning: nothing on the map leads here",
  },
  {
    title: "这些算法是怎样一个接一个长出来的",
    lead: "每个方框都是一个能运行的算法，每个箭头都是通向下一个算法的那一处改动。点开方框，看公式改了哪一项、代码改了哪几行。",
    keys: "Tab 键在方框之间移动，方向键沿着图上的箭头走。",
    picture: "算法地图",
    list: "同样的内容，列成清单",
    from: "来自",
    dots: "带圆点的能在页面里训练。",
    live: "可在本页运行",
    nothing: "把指针放到方框上，看它从何而来。",
    beginning: "起点：图上没有通向它的箭头",
  },
);
