// pm2 keeps `node server.js` running. On the server: <path>/shared/ecosystem.config.js, and in
// deploy.yaml: `restart: [{pm2: my-app, reload: true}]`, which also starts it the first time.
module.exports = {
  apps: [
    {
      name: 'my-app',
      cwd: '/var/www/my-app/current', // by its link: each reload looks anew where that leads
      script: 'server.js',
      exec_mode: 'cluster', // a reload starts the new server before it ends the old one
      instances: 1,
      listen_timeout: 30000, // ms for the new server to listen, else the old one ends before
      kill_timeout: 15000, // ms for the old one to answer what it has begun
      env: { HOSTNAME: '127.0.0.1', PORT: 3000 },
    },
  ],
};
