import { mount } from "svelte";
import App from "./App.svelte";
import { startOffline } from "./offline.ts";
import "./style.css";
import "./parts/shared.css";

mount(App, { target: document.querySelector("#app")! });

if (import.meta.env.MODE !== "development") addEventListener("load", startOffline);
