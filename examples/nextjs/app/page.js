export default function Page() {
  return (
    <main>
      <h1>It works.</h1>
      <p id="version">nextjs-example-v1</p>
      <p>This page was built on your server, from commit</p>
      <p id="commit">{process.env.DEPLOYR_COMMIT}</p>
    </main>
  );
}
