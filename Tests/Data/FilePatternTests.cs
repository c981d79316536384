using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class FilePatternTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeSetUp]
    public void Write()
    {
        foreach (string path in new[] { "a1.png", "a2.jpg", "b1.png", ".hidden.png", "sub/a3.png", "sub/deep/a4.png", "sub/deep/c.txt",
            "other/a5.png", "odd[1].png" })
            _folder.Add([1], path.Split('/'));
        Directory.CreateSymbolicLink(_folder["sub", "up"], _folder[""]);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [TestCase("*.png", "a1.png b1.png odd[1].png")]
    [TestCase("a?.*", "a1.png a2.jpg")]
    [TestCase("*/a*.png", "other/a5.png sub/a3.png")]
    [TestCase("sub/*/*.png", "sub/deep/a4.png sub/up/a1.png sub/up/b1.png sub/up/odd[1].png")]
    [TestCase("**/a*.png", "a1.png other/a5.png sub/a3.png sub/deep/a4.png")]
    [TestCase("sub/**/*.png", "sub/a3.png sub/deep/a4.png")]
    [TestCase("sub/**", "sub/a3.png sub/deep/a4.png sub/deep/c.txt")]
    [TestCase("**/**/c.*", "sub/deep/c.txt")]
    [TestCase("*b", "sub")]
    [TestCase("?ub/deep", "sub/deep")]
    [TestCase("no*", "")]
    [TestCase("none/*.png", "")]
    [TestCase("a1.png/*", "")]
    [TestCase("odd[1].*", "odd[1].png")]
    public void PatternsGiveWhatAShellGives(string pattern, string expected)
    {
        Assert.That(Find(_folder[""]), Is.EqualTo(expected));
        // The same from there, as relative paths.
        Assert.That(FilePattern.Is(Path.Join(_folder[""], pattern)));

        string Find(string root) => string.Join(' ', FilePattern.Find(Path.Join(root, pattern))
            .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/')).Order(StringComparer.Ordinal));
    }

    [Test]
    public void NamesOfWhatExistsAreNoPatterns()
    {
        Assert.That(FilePattern.Is("a.png"), Is.False);
        Assert.That(FilePattern.Is("odd[1].png"), Is.False);
        Assert.That(FilePattern.Is("*.png"));
        if (OperatingSystem.IsWindows()) return;
        string star = _folder.Add([1], "stars", "*.png");
        Assert.That(FilePattern.Is(star), Is.False);
        Assert.That(FilePattern.Find(Path.Join(_folder["stars"], "?.png")), Is.EqualTo(new[] { star }).Or.Empty);
    }
}
