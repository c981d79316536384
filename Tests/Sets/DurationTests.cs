using System.Text.Json;
using GpuCnn.Engine.Sets;
using NUnit.Framework;

namespace GpuCnn.Tests.Sets;

/// <summary>Times as people write them.</summary>
public sealed class DurationTests
{
    [TestCase("90s", 90, "1m30s")]
    [TestCase("45m", 2700, "45m")]
    [TestCase("2h", 7200, "2h")]
    [TestCase("1h30m", 5400, "1h30m")]
    [TestCase("1h30m15s", 5415, "1h30m15s")]
    [TestCase("1.5h", 5400, "1h30m")]
    [TestCase("0.25s", 0.25, "0.25s")]
    [TestCase("100h", 360_000, "100h")]
    [TestCase("1h5s", 3605, "1h5s")]
    public void ATimeIsReadAndWritten(string text, double seconds, string canonical)
    {
        var duration = (Duration)default(Duration).Parse(text)!;
        Assert.That(duration.Time.TotalSeconds, Is.EqualTo(seconds).Within(1e-9));
        Assert.That(duration.ToString(), Is.EqualTo(canonical));
        Assert.That(default(Duration).Parse(canonical), Is.EqualTo(duration));
        Assert.That(JsonSerializer.Deserialize<Duration>(JsonSerializer.Serialize(duration)), Is.EqualTo(duration));
    }

    [TestCase("")]
    [TestCase("2")]
    [TestCase("h")]
    [TestCase("2 h")]
    [TestCase("2d")]
    [TestCase("2H")]
    [TestCase("30m1h")]
    [TestCase("1h1h")]
    [TestCase("-1h")]
    [TestCase("0s")]
    [TestCase("0h0m")]
    [TestCase("1e3s")]
    [TestCase("1,5h")]
    [TestCase("1h\n")]
    [TestCase("999999999h")]
    [TestCase("99999999999999999999s")]
    public void AnythingElseIsNone(string text) => Assert.That(default(Duration).Parse(text), Is.Null);
}
