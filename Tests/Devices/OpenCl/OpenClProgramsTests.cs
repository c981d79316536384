using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Files;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

/// <summary>Checks that each program is compiled once, across processes too, and that damaged cache files do no harm.</summary>
public sealed class OpenClProgramsTests : OpenClFixture
{
    [Test]
    public void SameProgramIsBuiltOnce()
    {
        OpenClProgram first = Context.Programs.Get(Add());
        Assert.That(Context.Programs.Get(Add()), Is.SameAs(first));
        Assert.That(Context.Programs.Get(Add(32)), Is.Not.SameAs(first), "another group size");
        Assert.That(Context.Programs.Get(Add(options: "-DX=1")), Is.Not.SameAs(first), "other options");
        Assert.That(Context.Programs.Builds, Is.EqualTo(3));
    }

    [Test]
    public void ThreadsShareOneBuild()
    {
        OpenClSource[] sources = [.. Enumerable.Range(0, 4).Select(i => Add(options: $"-DTHREADS={i}"))];
        using var start = new Barrier(4);
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            foreach (OpenClSource source in sources) Context.Programs.Get(source);
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.That(Context.Programs.Builds, Is.EqualTo(4));
    }

    [Test]
    public void ThreadsMayLaunchAtOnce() => Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
    {
        RunAdd(Context, Add(1 << (i % 4)));
        Context.Finish();
    });

    [Test]
    public void FailedBuildIsTriedAgain()
    {
        OpenClSource broken = Add() with { Text = "nonsense" };
        Assert.That(() => Context.Programs.Get(broken), Throws.TypeOf<KernelBuildException>());
        Assert.That(() => Context.Programs.Get(broken), Throws.TypeOf<KernelBuildException>());
        RunAdd(Context, Add());
    }

    [Test]
    public void BinaryIsSavedOnlyAfterTheFirstLaunch()
    {
        Context.Programs.Get(Add());
        Context.Finish();
        Assert.That(Files(), Is.Empty);
        RunAdd(Context, Add());
        Assert.That(Files(), Has.Length.EqualTo(1));
        RunAdd(Context, Add(32));
        Assert.That(Files(), Has.Length.EqualTo(2), "one for each group size");
        DateTime written = File.GetLastWriteTimeUtc(Files()[0]);
        RunAdd(Context, Add());
        Context.Finish();
        Assert.That(File.GetLastWriteTimeUtc(Files()[0]), Is.EqualTo(written));
    }

    [Test]
    public void ClosingAContextSavesLaunchedPrograms()
    {
        using (OpenClContext context = NewContext())
        {
            using OpenClBuffer values = context.Allocate(64, "values");
            using OpenClKernel kernel = context.Programs.Get(Add()).CreateKernel();
            kernel.Set(0, values);
            kernel.Set(1, 0);
            kernel.Set(2, 1);
            kernel.Launch(new(1));
        }
        Assert.That(Files(), Has.Length.EqualTo(1));
    }

    [Test]
    public void SecondContextLoadsTheProgramFromDisk()
    {
        RunAdd(Context, Add());
        Assert.That((Context.Programs.Builds, Context.Programs.Loads), Is.EqualTo((1, 0)));
        using OpenClContext second = NewContext();
        RunAdd(second, Add());
        Assert.That((second.Programs.Builds, second.Programs.Loads), Is.EqualTo((0, 1)));
        Assert.That(second.Programs.Get(Add()).IsFromBinary, Is.True);
    }

    [Test]
    public void OtherDriverRebuildsTheProgram()
    {
        RunAdd(Context, Add());
        using var updated = new OpenClContext(Device with { DriverVersion = "next" }, cache: new BinaryCache(Folder));
        RunAdd(updated, Add());
        Assert.That(updated.Programs.Builds, Is.EqualTo(1));
        Assert.That(Files(), Has.Length.EqualTo(2));
    }

    private static IEnumerable<TestCaseData> Damages()
    {
        yield return new TestCaseData((Func<byte[], byte[]>)(_ => [])).SetArgDisplayNames("empty");
        yield return new TestCaseData((Func<byte[], byte[]>)(file => file[..40])).SetArgDisplayNames("part of the header");
        yield return new TestCaseData((Func<byte[], byte[]>)(file => file[..(file.Length / 2)])).SetArgDisplayNames("half");
        yield return new TestCaseData((Func<byte[], byte[]>)(file => [.. file, 1, 2, 3])).SetArgDisplayNames("too long");
        yield return new TestCaseData((Func<byte[], byte[]>)(file => Flip(file, 3))).SetArgDisplayNames("a flipped byte of the magic");
        yield return new TestCaseData((Func<byte[], byte[]>)(file => Flip(file, 20))).SetArgDisplayNames("another key");
        yield return new TestCaseData((Func<byte[], byte[]>)(file => Flip(file, file.Length / 2)))
            .SetArgDisplayNames("a flipped byte of the binary");
        yield return new TestCaseData((Func<byte[], byte[]>)(file => new byte[file.Length])).SetArgDisplayNames("zeros");
    }

    [TestCaseSource(nameof(Damages))]
    public void DamagedFileIsRebuiltAndReplaced(Func<byte[], byte[]> damage)
    {
        RunAdd(Context, Add());
        string file = Files().Single();
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, damage(whole));

        using (OpenClContext second = NewContext())
        {
            RunAdd(second, Add());
            Assert.That((second.Programs.Builds, second.Programs.Loads), Is.EqualTo((1, 0)));
        }
        using OpenClContext third = NewContext();
        RunAdd(third, Add());
        Assert.That((third.Programs.Builds, third.Programs.Loads), Is.EqualTo((0, 1)), "the file was not replaced");
    }

    /// <summary>The file is intact and has the right key, but the driver refuses its contents.</summary>
    [Test]
    public void ForeignBinaryWithTheRightKeyIsRebuilt()
    {
        var cache = new BinaryCache(Folder);
        RunAdd(Context, Add());
        BinaryKey key = new(Path.GetFileNameWithoutExtension(Files().Single()));
        cache.Write(key, [.. "//\n// Generated by another compiler\n//"u8]);
        using OpenClContext second = NewContext();
        RunAdd(second, Add());
        Assert.That((second.Programs.Builds, second.Programs.Loads), Is.EqualTo((1, 0)));
        Assert.That(cache.Read(key), Has.Length.GreaterThan(100), "the file was not replaced");
    }

    [Test]
    public void ProgramsRunWithoutACacheFolder()
    {
        string file = Path.Combine(Folder, "file");
        File.WriteAllText(file, "");
        foreach (string? folder in new[] { null, Path.Combine(file, "below") })
        {
            using var context = new OpenClContext(Device, cache: new BinaryCache(folder));
            RunAdd(context, Add());
            Assert.That(context.Programs.Builds, Is.EqualTo(1));
        }
    }

    private string[] Files() => Directory.GetFiles(Folder);

    private static byte[] Flip(byte[] file, int at)
    {
        byte[] flipped = [.. file];
        flipped[at] ^= 1;
        return flipped;
    }
}
