using System.Diagnostics;
using GpuCnn.Engine.Files;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints;

public sealed class AtomicFileTests : CheckpointFixture
{
    /// <summary>Larger than any system's process ids.</summary>
    private const int DeadProcess = int.MaxValue;

    [Test]
    public void OldContentsStayUntilNewOnesAreComplete()
    {
        string path = At("file");
        File.WriteAllText(path, "old");
        AtomicFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        });
        Assert.That(File.ReadAllText(path), Is.EqualTo("new"));
        Assert.That(Directory.GetFiles(Folder), Is.EqualTo([path]));
    }

    [Test]
    public void OpenReaderKeepsOldContents()
    {
        string path = At("file");
        File.WriteAllText(path, "old");
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        AtomicFile.Write(path, stream => stream.Write("new"u8));
        Assert.That(reader.ReadToEnd(), Is.EqualTo("old"));
    }

    [Test]
    public void FullDiskKeepsOldFileAndReportsBytes()
    {
        string message = Failing(_ => throw new IOException("No space left on device", 28), expectedBytes: 123456);
        if (OperatingSystem.IsWindows()) Assert.Ignore("ENOSPC is a Unix error number.");
        Assert.That(message, Does.Match("disk is full \\(123456 bytes needed, [0-9]+ bytes free\\)"));
    }

    [Test]
    public void FullDeviceIsRecognised()
    {
        if (!File.Exists("/dev/full")) Assert.Ignore("There is no /dev/full.");
        string message = Failing(_ =>
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write);
            full.Write("x"u8);
            full.Flush();
        });
        Assert.That(message, Does.Match("disk is full \\([0-9]+ bytes free\\)"));
    }

    [Test]
    public void OtherIoErrorIsReportedInOneLine() =>
        Assert.That(Failing(_ => throw new IOException("Input/output\nerror")), Does.Contain("Input/output error"));

    [Test]
    public void MissingPermissionIsNamed() =>
        Assert.That(Failing(_ => throw new UnauthorizedAccessException()), Does.Contain("permission denied"));

    [Test]
    public void WriterExceptionPassesUnchanged()
    {
        File.WriteAllText(At("file"), "old");
        Action cancelled = () => AtomicFile.Write(At("file"), _ => throw new OperationCanceledException());
        Assert.That(cancelled, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.ReadAllText(At("file")), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void AMissingFolderIsNamed()
    {
        string path = At("no/file");
        Assert.That(MessageOf(path, () => AtomicFile.Write(path, _ => { })), Does.Contain($"folder '{At("no")}' does not exist"));
    }

    [Test]
    public void FolderDeviceOrEmptyPathIsRefused()
    {
        foreach (string path in new[] { Folder, "/", "" })
            Assert.That(MessageOf(path, () => AtomicFile.Write(path, _ => { })), Does.Contain("Name a file"));
        if (OperatingSystem.IsWindows()) return;
        Assert.That(MessageOf("/dev/null", () => AtomicFile.Write("/dev/null", _ => { })), Does.Contain("Name a file"));
    }

    [Test]
    public void LeftoversOfDeadProcessesAreRemoved()
    {
        string dead = At($"gpucnn-{DeadProcess}-0123abcd.tmp"), earlierSelf = At($"gpucnn-{Environment.ProcessId}-0123abcd.tmp");
        string[] others =
        [
            At("gpucnn-x-0123abcd.tmp"), At("gpucnn-1-0123abcd.tmp.bak"), At("mine.tmp"), At($"gpucnn-{DeadProcess}-0123abc.tmp"),
        ];
        foreach (string file in others.Append(dead).Append(earlierSelf)) File.WriteAllText(file, "x");
        Assert.That(AtomicFile.RemoveLeftovers(Folder), Is.EqualTo(2));
        Assert.That(Directory.GetFiles(Folder), Is.EquivalentTo(others));
        Assert.That(AtomicFile.RemoveLeftovers(At("none")), Is.Zero);
    }

    [Test]
    public void CleanupKeepsFileOfActiveWriter()
    {
        AtomicFile.Write(At("file"), stream =>
        {
            stream.Write("new"u8);
            Assert.That(AtomicFile.RemoveLeftovers(Folder), Is.Zero);
        });
        Assert.That(File.ReadAllText(At("file")), Is.EqualTo("new"));
    }

    [Test]
    public void FileOfRunningProcessIsKept()
    {
        int living = Process.GetProcesses().Select(p => p.Id).Where(id => id > 0 && id != Environment.ProcessId).Min();
        File.WriteAllText(At($"gpucnn-{living}-0123abcd.tmp"), "x");
        Assert.That(AtomicFile.RemoveLeftovers(Folder), Is.Zero);
    }

    /// <summary>A process id says nothing about another container on the same volume; the lock does.</summary>
    [Test]
    public void LockedFileOfUnknownProcessIsKept()
    {
        string file = At($"gpucnn-{DeadProcess}-0123abcd.tmp");
        using (new FileStream(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete))
            Assert.That(AtomicFile.RemoveLeftovers(Folder), Is.Zero);
        Assert.That(File.Exists(file));
        Assert.That(AtomicFile.RemoveLeftovers(Folder), Is.EqualTo(1));
    }

    [Test]
    public void ConcurrentWritersDoNotMixContents()
    {
        string path = At("file");
        Parallel.For(0, 64, i =>
        {
            AtomicFile.Write(path, stream => stream.Write([.. Enumerable.Repeat((byte)i, 100_000)]));
            AtomicFile.RemoveLeftovers(Folder);
        });
        byte[] bytes = File.ReadAllBytes(path);
        Assert.That(bytes, Has.Length.EqualTo(100_000).And.All.EqualTo(bytes[0]));
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(1));
    }

    private string Failing(Action<Stream> write, long? expectedBytes = null)
    {
        string path = At("file");
        File.WriteAllText(path, "old");
        string message = MessageOf(path, () => AtomicFile.Write(
            path,
            stream =>
            {
                stream.Write("new"u8);
                write(stream);
            },
            expectedBytes));
        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(Folder), Is.EqualTo([path]));
        return message;
    }
}
