using System.Diagnostics;
using System.Net.Sockets;
using GpuCnn.Data;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

/// <summary>Entries of a data set that are not regular, readable image files give an error of one line each, without a wait.</summary>
[Platform(Exclude = "Win")]
public sealed class OddFileTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove()
    {
        // .NET cannot remove names that are not UTF-8.
        Shell($"rm -rf '{_folder["names"]}'");
        _folder.Dispose();
    }

    [Test, CancelAfter(20_000)]
    public void PipesSocketsAndDevicesDoNotHang()
    {
        Add("data", "a", "good.pgm");
        Add("data", "b", "good.pgm");
        Shell($"mkfifo '{_folder["data", "a", "pipe.png"]}'");
        Shell($"mkfifo '{_folder["data", "a", "unknown"]}'");
        File.CreateSymbolicLink(_folder["data", "b", "zero.jpg"], "/dev/zero");
        Shell($"mkfifo '{_folder["elsewhere"]}'");
        File.CreateSymbolicLink(_folder["data", "b", "link.png"], _folder["elsewhere"]);
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder["data", "b", "socket.png"]));
        Directory.CreateDirectory(_folder["data", "b", "folder.png"]);
        DatasetReport report = DatasetCheck.Run(_folder["data"]);
        Assert.That(report.Unreadable.Select(image => Path.GetFileName(image.File)),
            Is.EqualTo(new[] { "pipe.png", "link.png", "socket.png", "zero.jpg" }));
        foreach (UnreadableImage image in report.Unreadable) Assert.That(image.Reason,
            Does.Contain(image.File).And.Contain("a pipe or a device").And.Not.Contain("\n"));
        Assert.That(report.LeftOut.Select(file => (Path.GetFileName(file.File), file.Content)),
            Is.EqualTo(new[] { ("unknown", (string?)null) }));
        Assert.That(report.Splits[0].ImagesPerClass, Is.EqualTo(new[] { 2, 4 }));
    }

    [TestCase("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
    [TestCase("data_batch_1.bin")]
    [TestCase("data_batch_1")]
    [TestCase("shard.tar")]
    [TestCase("shard.tar.gz")]
    [TestCase("train.parquet")]
    [TestCase("labels.csv")]
    [CancelAfter(20_000)]
    public void PipesInPlaceOfDataSetsDoNotHang(params string[] names)
    {
        using TemporaryFolder folder = new();
        foreach (string name in names) Shell($"mkfifo '{folder[name]}'");
        OneLine.Thrown(() => DatasetLocator.Open(folder.Path));
    }

    [Test]
    public void NamesThatAreNotUtf8GiveOneLineErrors()
    {
        if (OperatingSystem.IsMacOS()) Assert.Ignore("macOS has no names that are not UTF-8.");
        Add("names", "a", "good.pgm");
        Shell($"cd '{_folder["names", "a"]}' && cp good.pgm \"$(printf 'caf\\351.pgm')\"");
        UnreadableImage image = DatasetCheck.Run(_folder["names"]).Unreadable.Single();
        Assert.That(image.Reason, Does.Contain("caf").And.Contain("expected a name in UTF-8").And.Not.Contain("\n"));
        Shell($"cd '{_folder["names"]}' && mkdir \"$(printf 'b\\351')\"");
        OneLine.Thrown(() => DatasetLocator.Open(_folder["names"]), "expected a name in UTF-8");
    }

    [Test]
    public void UnreadableFilesGiveOneLineErrors()
    {
        if (OperatingSystem.IsWindows()) return;
        if (Environment.IsPrivilegedProcess) Assert.Ignore("Root may read every file.");
        Add("denied", "a", "good.pgm");
        Add("denied", "a", "secret.pgm");
        File.SetUnixFileMode(_folder["denied", "a", "secret.pgm"], UnixFileMode.None);
        Assert.That(DatasetCheck.Run(_folder["denied"]).Unreadable.Single().Reason, Does.Contain("access was denied"));
        Directory.CreateDirectory(_folder["denied", "b"], UnixFileMode.None);
        OneLine.Thrown(() => DatasetLocator.Open(_folder["denied"]), Path.Combine("denied", "b"), "access was denied");
    }

    [Test]
    public void FileThatVanishesOrChangesIsReported()
    {
        Add("moving", "a", "1.pgm");
        // The second is a link, and its target changes.
        string target = _folder.Add([.. "P5 1 1 255\n"u8, 5], "store.pgm");
        File.CreateSymbolicLink(_folder["moving", "a", "2.pgm"], target);
        ImageSplit split = DatasetLocator.Open(_folder["moving"]).Train;
        split.Read(0);
        split.Read(1);
        File.Delete(split.Name(0));
        File.WriteAllBytes(target, [.. "P5 1 2 255\n"u8, 7, 7]);
        OneLine.Thrown(() => split.Read(0), "1.pgm", "has vanished since");
        OneLine.Thrown(() => split.Read(1), "2.pgm", "has changed since");
        // Opened again, they are read as they are now.
        ImageSplit again = DatasetLocator.Open(_folder["moving"]).Train;
        Assert.That((again.Count, again.Read(0).Height), Is.EqualTo((1, 2)));
    }

    private void Add(params string[] parts) => _folder.Add([.. "P5 1 1 255\n"u8, 5], parts);

    private static void Shell(string command)
    {
        using Process process = Process.Start("sh", ["-c", command]);
        process.WaitForExit();
        if (process.ExitCode != 0) Assert.Ignore($"The shell cannot do this here: {command}");
    }
}
