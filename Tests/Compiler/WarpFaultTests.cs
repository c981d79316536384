using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>What is reported of warps and asynchronous copies, and where they do not exist.</summary>
public sealed class WarpFaultTests
{
    private readonly DebugLauncher _launcher = new();
    private readonly DeviceBuffer<float> _x = new(new float[160]), _y = new(new float[160]);

    [OneTimeTearDown]
    public void Close()
    {
        _launcher.Dispose();
        _x.Dispose();
        _y.Dispose();
    }

    [TestCase(5, 0)]
    [TestCase(37, 32)]
    public void MissingThreadIsReported(int missing, int first) =>
        Expect(() => _launcher.Run(new MissingLane(_y, missing), new(1)),
            $"Kernel MissingLane, group (0, 0, 0), thread ({missing}, 0, 0): the thread has ended, but thread ({first}, 0, 0) meets its "
            + $"warp at Warps.cs:{Line("// missed")}. All 32 threads of a warp must make the same call.");

    [Test]
    public void ThreadInAnotherCallIsReported() =>
        Expect(() => _launcher.Run(new DivergentLanes(_y), new(1)),
            $"Kernel DivergentLanes, group (0, 0, 0), thread (8, 0, 0): the thread meets its warp at Warps.cs:{Line("// others")}, but "
            + $"thread (0, 0, 0) meets its warp at Warps.cs:{Line("// some")}. All 32 threads of a warp must make the same call.");

    [Test]
    public void GroupThatIsNoWholeNumberOfWarpsIsReported() =>
        Expect(() => _launcher.Run(new TornWarp(_y), new(1)),
            "Kernel TornWarp: its warps work together, so a group needs a multiple of 32 threads, but has 40.");

    [Test]
    public void UnalignedRowIsReported() =>
        Expect(() => _launcher.Run(new UnalignedMatrix(_y), new(1)),
            $"Kernel UnalignedMatrix, group (0, 0, 0), thread (0, 0, 0), Warps.cs:{Line("// unaligned")}: a load or store of 4 values at "
            + "index 1 is not aligned to 16 bytes.");

    [Test]
    public void MissingWaitIsReported()
    {
        _y.Span.Clear();
        Expect(() => _launcher.Run(new StagedCopy(_x, _y, 160, 1, 3), new(1)),
            $"Kernel StagedCopy, group (0, 0, 0), thread (0, 0, 0), Warps.cs:{Line("// here")}: what it writes to element 128 comes from "
            + "memory that nothing was written to.");
    }

    [Test]
    public void ReadPastTheEndOfACopysSourceIsReported() =>
        Expect(() => _launcher.Run(new StagedCopy(new View<float>(_x.Address, 0, 120), _y, 160, 0, 3), new(1)),
            $"Kernel StagedCopy, group (0, 0, 0), thread (0, 0, 0), Warps.cs:{Line("// past")}: index 128 is outside a view of 120 "
            + "elements.");

    [TestCase(656, "Warps.cs:", "a shared array of 2 elements of 4 bytes does not fit: 0 of 656 bytes are free.")]
    [TestCase(300000, "Kernel LargeShared: ", "its groups need 300000 bytes of shared memory, but no device has more than 232448.")]
    public void SharedMemoryThatDoesNotFitIsReported(int bytes, string place, string message) =>
        Assert.That(() => _launcher.Run(new LargeShared(_x, _y, 160, bytes), new(1)),
            Throws.TypeOf<GpuCnnException>().With.Message.Contains(place).And.Message.EndsWith(message));

    [Test]
    public void OpenClHasNoText()
    {
        Assert.That(WarpSums.Text.NeedsCudaC && WarpSums.Text.IsCudaOnly && WarpSums.Text.HasBarriers);
        Assert.That(StagedCopy.Text.NeedsCudaC && StagedCopy.Text.IsCudaOnly);
        Assert.That(RowSum.Text.NeedsCudaC, Is.False);
        Assert.That(() => WarpSums.Text.In(KernelDialect.OpenCl), Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public void IlgpuRefuses()
    {
        using var device = IlgpuCpuDevice.Open();
        const string Message = "Kernel MatrixLoads: it uses warps, matrix units or asynchronous copies, which ILGPU does not have. "
            + "The devices cuda-c and debug run it.";
        Assert.That(() => device.Prepare(new MatrixLoads(default, default, default), new(1)),
            Throws.TypeOf<KernelBuildException>().With.Message.EqualTo(Message));
        Assert.That(IlgpuCompiler.Check<MatrixLoads>, Throws.TypeOf<KernelBuildException>().With.Message.EqualTo(Message));
    }

    [Test]
    public void InstructionsAreThoseOfTheDevice()
    {
        Clang.Require();
        foreach (bool isBFloat16 in (bool[])[false, true])
        {
            string product = Clang.PtxOf(new UnitProduct(default, default, default, isBFloat16));
            Assert.That(product, Does.Contain(isBFloat16 ? "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
                : "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"));
            Assert.That(product, Does.Contain(isBFloat16 ? "cvt.rn.bf16x2.f32" : "cvt.rna.tf32.f32"));
            Assert.That(product, Does.Not.Contain(".local"));
        }
        string loads = Clang.PtxOf(new MatrixLoads(default, default, default));
        Assert.That(loads, Does.Contain("ldmatrix.sync.aligned.m8n8.x4.shared.b16").And
            .Contain("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16").And.Not.Contain(".local"));
        string copies = Clang.PtxOf(new StagedCopy(default, default, 160, 2, 3));
        foreach (string instruction in (string[])[
            "cp.async.cg.shared.global", "cp.async.ca.shared.global", "cp.async.commit_group;", "cp.async.wait_group 2;"])
            Assert.That(copies, Does.Contain(instruction));
        Assert.That(Clang.PtxOf(new LargeShared(default, default, 20000, 80032)), Does.Contain(".extern .shared .align 16"));
        Assert.That(Clang.PtxOf(new WarpSums(default, default, default)),
            Does.Contain("shfl.sync.bfly.b32").And.Contain("shfl.sync.down.b32"));
    }

    private static void Expect(Action run, string message) =>
        Assert.That(run, Throws.TypeOf<GpuCnnException>().With.Message.EqualTo(message));

    private static int Line(string text) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Compiler", "Samples", "Warps.cs")).Index()
            .First(line => line.Item.Contains(text, StringComparison.Ordinal)).Index + 1;
}
