using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Checks that each kernel is compiled once, across processes too, and for the right device.</summary>
public sealed class CudaModulesTests : CudaFixture
{
    [Test]
    public void SameKernelIsBuiltOnce()
    {
        CudaModule first = Context.Modules.Get(Add());
        Assert.That(Context.Modules.Get(Add()), Is.SameAs(first));
        Assert.That(Context.Modules.Get(Add(32)), Is.Not.SameAs(first), "another group size");
        Assert.That(Context.Modules.Get(Add(options: "-DX=1")), Is.Not.SameAs(first), "other options");
        Assert.That(Context.Modules.Builds, Is.EqualTo(3));
    }

    [Test]
    public void ThreadsShareOneBuild()
    {
        CudaSource[] sources = [.. Enumerable.Range(0, 4).Select(i => Add(options: $"-DTHREADS={i}"))];
        using var start = new Barrier(4);
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            foreach (CudaSource source in sources) Context.Modules.Get(source);
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.That(Context.Modules.Builds, Is.EqualTo(4));
    }

    [Test]
    public void CompilerReceivesArchitectureAndLanguage()
    {
        Context.Modules.Get(Add(options: "-DX=1"));
        Assert.That(Fake.CompilerOptions, Is.EqualTo("--gpu-architecture=sm_90 --std=c++17 --fmad=true -DX=1"));
    }

    /// <summary>
    /// The fake supports 50, 60, 70, 75, 80, 86, 89 and 90. A known architecture gets machine code, others PTX for the next lower.
    /// </summary>
    [TestCase(90, "sm_90")]
    [TestCase(86, "sm_86")]
    [TestCase(50, "sm_50")]
    [TestCase(52, "compute_50")]
    [TestCase(87, "compute_86")]
    [TestCase(100, "compute_90")]
    [TestCase(121, "compute_90")]
    public void UnknownArchitectureGetsTheNextLowerOne(int capability, string expected)
    {
        Fake.Set("capability", capability);
        using CudaContext context = new(Fake.Device(), new BinaryCache(Folder));
        RunAdd(context, Add());
        Assert.That(Fake.CompilerOptions, Does.StartWith($"--gpu-architecture={expected} "));
        using CudaContext second = new(Fake.Device(), new BinaryCache(Folder));
        RunAdd(second, Add());
        Assert.That(second.Modules.Loads, Is.EqualTo(1), "PTX is cached too");
    }

    [Test]
    public void KernelIsCompiledWithItsConstants()
    {
        using CudaBuffer y = Context.Allocate(64, "y");
        using CudaKernel kernel = Context.Prepare(new ScaleShift(Curve.ReLU, 0.25f, default, y.View<float>(16), 1, 2, 0));
        Assert.That(kernel.Module.Source.Text, Does.StartWith("#define GROUP_SIZE_X 64").And.Contain("0.25f"));
        using CudaKernel same = Context.Prepare(new ScaleShift(Curve.ReLU, 0.25f, default, y.View<float>(16), 3, 4, 1));
        using CudaKernel other = Context.Prepare(new ScaleShift(Curve.ReLU, 0.5f, default, y.View<float>(16), 1, 2, 0));
        Assert.That(same.Module, Is.SameAs(kernel.Module));
        Assert.That(other.Module, Is.Not.SameAs(kernel.Module));
    }

    [Test]
    public void BuildFailureHasLogAndDialect()
    {
        CudaSource broken = Add(options: "-DSOME=1") with { Text = "undeclared_name" };
        KernelBuildException failure = Assert.Throws<KernelBuildException>(() => Context.Modules.Get(broken))!;
        string firstLine = failure.Message.Split(Environment.NewLine)[0];
        Assert.Multiple(() =>
        {
            Assert.That(failure.Kernel, Is.EqualTo("Add"));
            Assert.That(failure.Log, Does.StartWith("Add.cu(1): error").And.EndWith("\"Add.cu\"."));
            Assert.That(failure.Message, Does.EndWith(failure.Log));
            Assert.That(
                firstLine,
                Does.StartWith("NVRTC 12.4 (")
                    .And.Contain("refused kernel 'Add' (groups of 16, options '--gpu-architecture=sm_90")
                    .And.Contain("'Fake GPU 0'").And.Contain("NVRTC_ERROR_COMPILATION (6)"));
            Assert.That(failure.Dialect, Is.EqualTo(KernelDialect.Cuda));
            Assert.That(Context.Modules.Builds, Is.Zero);
            Assert.That(Directory.GetFiles(Folder), Is.Empty);
        });
        Assert.That(() => Context.Modules.Get(broken), Throws.TypeOf<KernelBuildException>(), "tried again");
        RunAdd(Context, Add());
    }

    [Test]
    public void UnknownOptionIsABuildFailure() =>
        Assert.That(
            () => Context.Modules.Get(Add(options: "--no-such-option")),
            Throws.TypeOf<KernelBuildException>().With.Message.Contains("unrecognized option"));

    [Test]
    public void MissingBuiltinsAreNamed() => Assert.That(() => Context.Modules.Get(Add() with { Text = "needs_builtins" }),
        Throws.TypeOf<KernelBuildException>().With.Message.Contains("must be in NVRTC's folder"));

    [Test]
    public void CompilersOwnFailureIsNotABuildFailure()
    {
        Fake.FailCompiler("nvrtcCreateProgram", 1);
        Assert.That(() => Context.Modules.Get(Add()), Throws.TypeOf<DeviceCallException>()
            .With.Message.Contains("nvrtcCreateProgram").And.Message.Contains("NVRTC_ERROR_OUT_OF_MEMORY (1)")
            .And.Message.Contains("'Add'"));
        Fake.FailCompiler("nvrtcGetCUBINSize", 1);
        Assert.That(
            () => Context.Modules.Get(Add()), Throws.TypeOf<DeviceCallException>().With.Message.Contains("nvrtcGetCUBINSize"));
    }

    [Test]
    public void CodeThatTheDriverRefusesReportsItsLog()
    {
        Fake.Set("capability", 100);
        using CudaContext context = new(Fake.Device(), new BinaryCache(Folder));
        Assert.That(
            () => context.Modules.Get(Add() with { Text = Add().Text + " // newer_ptx" }),
            Throws.TypeOf<KernelBuildException>().With.Message.Contains("CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)")
                .And.Message.Contains("Update the driver").And.Message.EndsWith("ptxas: this PTX is too new"));
        Assert.That(Directory.GetFiles(Folder), Is.Empty);
    }

    [Test]
    public void MissingKernelIsNamed() => Assert.That(() => Context.Modules.Get(Add() with { Name = "Other" }),
        Throws.TypeOf<DeviceCallException>().With.Message.Contains("cuModuleGetFunction").And.Message.Contains("'Other'"));

    [Test]
    public void SecondContextLoadsTheKernelFromDisk()
    {
        RunAdd(Context, Add());
        Assert.That((Context.Modules.Builds, Context.Modules.Loads), Is.EqualTo((1, 0)));
        using CudaContext second = NewContext();
        RunAdd(second, Add());
        Assert.That((second.Modules.Builds, second.Modules.Loads), Is.EqualTo((0, 1)));
        Assert.That(second.Modules.Get(Add()).IsFromCache, Is.True);
        RunAdd(second, Add(32));
        Assert.That(second.Modules.Builds, Is.EqualTo(1), "another group size");
    }

    [TestCase("driver", 12060)]
    [TestCase("capability", 89)]
    public void OtherDriverOrDeviceRebuildsTheKernel(string setting, int value)
    {
        RunAdd(Context, Add());
        Fake.Set(setting, value);
        using CudaContext other = new(Fake.Device(), new BinaryCache(Folder));
        RunAdd(other, Add());
        Assert.That(other.Modules.Builds, Is.EqualTo(1));
        Assert.That(Directory.GetFiles(Folder), Has.Length.EqualTo(2));
    }

    [Test]
    public void OtherCompilerRebuildsTheKernel()
    {
        RunAdd(Context, Add());
        string newer = FakeLibrary.PathOf("fake_nvrtc", "MAJOR=12", "MINOR=6", "ARCHITECTURES=50,90");
        using CudaContext other = new(CudaDevices.Find(0, Fake.Api, FakeCuda.With(newer)), new BinaryCache(Folder));
        RunAdd(other, Add());
        Assert.That(other.Modules.Builds, Is.EqualTo(1));
    }

    [Test]
    public void DamagedFileIsRebuiltAndReplaced()
    {
        RunAdd(Context, Add());
        string file = Directory.GetFiles(Folder).Single();
        byte[] whole = File.ReadAllBytes(file);
        whole[^3] ^= 1;
        File.WriteAllBytes(file, whole);
        using (CudaContext second = NewContext())
        {
            RunAdd(second, Add());
            Assert.That((second.Modules.Builds, second.Modules.Loads), Is.EqualTo((1, 0)));
        }
        using CudaContext third = NewContext();
        RunAdd(third, Add());
        Assert.That((third.Modules.Builds, third.Modules.Loads), Is.EqualTo((0, 1)), "the file was not replaced");
    }

    /// <summary>The file is intact and has the right key, but the driver refuses its contents.</summary>
    [Test]
    public void ForeignBinaryWithTheRightKeyIsRebuilt()
    {
        RunAdd(Context, Add());
        BinaryKey key = new(Path.GetFileNameWithoutExtension(Directory.GetFiles(Folder).Single()));
        new BinaryCache(Folder).Write(key, [.. "another compiler's\0"u8]);
        using CudaContext second = NewContext();
        RunAdd(second, Add());
        Assert.That((second.Modules.Builds, second.Modules.Loads), Is.EqualTo((1, 0)));
    }

    [Test]
    public void KernelsRunWithoutACacheFolder()
    {
        using var context = new CudaContext(Device, new BinaryCache(null));
        RunAdd(context, Add());
        Assert.That(context.Modules.Builds, Is.EqualTo(1));
    }
}
