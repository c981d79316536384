using GpuCnn.Engine.Files;
using NUnit.Framework;

namespace GpuCnn.Tests.Files;

/// <summary>A folder has one owner at a time.</summary>
public sealed class FolderLockTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Create() => _folder = new();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void TheSecondOwnerIsRefusedAndToldWhoTheFirstIs()
    {
        using (FolderLock.Take(_folder["a"]))
        {
            OneLine.Thrown(() => FolderLock.Take(_folder["a"]), _folder["a"], $"process {Environment.ProcessId}", Environment.MachineName);
            Assert.That(FolderLock.TryTake(_folder["a"]), Is.Null);
            using FolderLock other = FolderLock.Take(_folder["b"]);
        }
        using FolderLock again = FolderLock.Take(_folder["a"]);
    }

    [Test]
    public void WhatAnOwnerLeavesIsItsLockAlone()
    {
        FolderLock.Take(_folder["a"]).Dispose();
        Assert.That(Directory.GetFileSystemEntries(_folder["a"]).Select(entry => Path.GetFileName(entry)), Is.EqualTo(new[] { ".lock" }));
        Assert.That(FolderLock.IsMarked(_folder["a"]), Is.True);
        FolderLock.Take(_folder["a"]).DisposeAndRemove();
        Assert.That(Directory.Exists(_folder["a"]), Is.False);
        var held = FolderLock.Take(_folder["b"]);
        _folder.Add([1], "b", "file");
        held.DisposeAndRemove();
        Assert.That(File.Exists(_folder["b", "file"]), "a folder with something in it stays");
    }

    /// <summary>Owners that remove the folder, and others that come just then, never own it together.</summary>
    [Test]
    public void OneOwnerAtATimeAlsoWhileTheFolderComesAndGoes()
    {
        int owners = 0, taken = 0;
        Parallel.For(0, 8, new() { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (int i = 0; i < 200; i++)
            {
                if (FolderLock.TryTake(_folder["a"]) is not { } held) continue;
                Assert.That(Interlocked.Increment(ref owners), Is.EqualTo(1));
                Interlocked.Increment(ref taken);
                Thread.Yield();
                Interlocked.Decrement(ref owners);
                if (i % 2 == 0) held.DisposeAndRemove();
                else held.Dispose();
            }
        });
        Assert.That(taken, Is.Positive);
    }

    [Test]
    public void AnOwnerWithoutANameIsAnotherProcess()
    {
        using FolderLock held = FolderLock.Take(_folder["a"]);
        File.Delete(_folder["a", ".owner"]);
        OneLine.Thrown(() => FolderLock.Take(_folder["a"]), "in use by another process");
    }
}
