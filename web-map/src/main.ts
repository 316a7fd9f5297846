import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { portal } from './state/portal.svelte';

void portal.start();
mount(App, { target: document.getElementById('portal')! });
