using System.Diagnostics;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace GpuCnn.Tests.Library.Reports;

/// <summary>
/// Opens pages in headless Chromium. Without it a test is ignored, or fails if GPUCNN_REQUIRE names chromium.
/// </summary>
internal static class Browser
{
    private const string Probe = "probe-of-requests";

    private static readonly string? Program = ((string[])["chromium", "chromium-browser", "google-chrome"])
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>What a page came to when it was opened.</summary>
    /// <param name="Dom">Its elements after its code has run.</param>
    /// <param name="Console">Messages of the console, errors among them.</param>
    /// <param name="Requests">Addresses that were asked for, apart from the page's own and data in it.</param>
    public sealed record OpenedPage(string Dom, IReadOnlyList<string> Console, IReadOnlyList<string> Requests);

    public static OpenedPage Open(string html, int width = 1400)
    {
        const string Reason = "Needs chromium, but there is none in PATH.";
        if (Program is null && Requirement.Of("chromium")) Assert.Fail(Reason);
        if (Program is null) Assert.Ignore(Reason);
        using TemporaryFolder folder = new();
        string page = folder["page.html"];
        File.WriteAllText(page, html.Replace("</body>", "<script>addEventListener('load', () => { "
            + $"const list = document.createElement('pre'); list.id = '{Probe}'; "
            + "list.textContent = performance.getEntriesByType('resource').map(entry => entry.name)"
            + ".filter(name => !name.startsWith('data:')).join('\\n'); document.body.append(list); });</script></body>"));
        ProcessStartInfo start = new(Program!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", "--no-first-run", $"--user-data-dir={folder["profile"]}", $"--window-size={width},1000",
            "--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom", new Uri(page).AbsoluteUri])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("Chromium has not opened the page within two minutes.");
        }
        string dom = output.Result;
        Match requests = Regex.Match(dom, $"<pre id=\"{Probe}\">(.*?)</pre>", RegexOptions.Singleline);
        Assert.That(requests.Success, Is.True, $"the page did not load: {error.Result}");
        return new(dom, [.. error.Result.Split('\n').Where(line => line.Contains("CONSOLE"))],
            requests.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
