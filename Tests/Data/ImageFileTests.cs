using System.Runtime.Versioning;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class ImageFileTests
{
    [Test]
    public void ContentNotExtensionDecides()
    {
        using TemporaryFolder folder = new();
        string path = folder.Add("P5 1 1 255\nA"u8.ToArray(), "a.png");
        Assert.That(ImageFile.Read(path).Pixels, Is.EqualTo(new byte[] { 65 }));
    }

    [Test]
    public void FileSystemFailuresGiveOneLineErrors()
    {
        using TemporaryFolder folder = new();
        OneLine.Thrown(() => ImageFile.Read(folder["none.png"]), "none.png", "no such file", "check the path");
        OneLine.Thrown(() => ImageFile.Read(folder.Path), folder.Path, "it is a folder");
        OneLine.Thrown(() => ImageFile.Read(folder.Add([], "empty.png")), "empty.png", "an empty file");
        OneLine.Thrown(() => ImageFile.Read("a\0b"), "a?b");
    }

    /// <summary>Opening a pipe would wait forever for its other end, and a device may have no end.</summary>
    [Test, CancelAfter(60_000), Platform(Exclude = "Win", Reason = "Pipes and devices with paths are a matter of Unix.")]
    public void PipesAndDevicesGiveOneLineErrors()
    {
        using TemporaryFolder folder = new();
        string pipe = folder["pipe.jpg"];
        using (System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", [pipe])) made.WaitForExit();
        OneLine.Thrown(() => ImageFile.Read(pipe), "pipe.jpg", "a pipe or a device");
        OneLine.Thrown(() => ImageFile.Read("/dev/zero"), "/dev/zero", "a pipe or a device");
    }

    [Test, UnsupportedOSPlatform("windows"), Platform(Exclude = "Win", Reason = "File modes are a matter of Unix.")]
    public void UnreadableFileGivesOneLineError()
    {
        if (Environment.UserName == "root") Assert.Ignore("Root may read every file.");
        using TemporaryFolder folder = new();
        string path = folder.Add([1], "secret.png");
        File.SetUnixFileMode(path, UnixFileMode.None);
        OneLine.Thrown(() => ImageFile.Read(path), "secret.png", "access was denied");
    }
}
