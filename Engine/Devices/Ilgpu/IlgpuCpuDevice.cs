using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.IR;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// ILGPU's CPU accelerator, with one operating system thread per thread of a group. Very slow; it exists to run every kernel under ILGPU
/// once without a GPU.
/// </summary>
internal sealed class IlgpuCpuDevice : IlgpuDevice
{
    // 32 x 8 threads for one group, on one multiprocessor; more bring nothing.
    private const int WarpSize = 32, Warps = 8;

    /// <summary>Description for users.</summary>
    public const string About = "ILGPU's CPU accelerator, one system thread per thread of a group; slow, for tests";

    private IlgpuCpuDevice(Context context, CPUAccelerator accelerator)
        : base("ilgpu-cpu", About, context, accelerator) { }

    public override string KernelCompiler => IlgpuSetup.Version;

    public static IlgpuCpuDevice Open()
    {
        Context context = IlgpuSetup.CreateContext(builder => builder.CPU(new CPUDevice(WarpSize, Warps, 1)));
        return new(context, context.GetCPUDevice(0).CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel));
    }

    public override long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    internal override long LargestAllocation => int.MaxValue;

    private protected override CompiledKernel Compile<TKernel>(in TKernel kernel)
    {
        // The accelerator calls the C# method and ignores the compiled method, which is empty.
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(((Action<TKernel>)IlgpuCpuThread.Run).Method);
        Backend backend = Accelerator.GetBackend();
        lock (backend)
        {
            using var context = new IRContext(Accelerator.Context);
            return backend.Compile(Empty(context), entry, new KernelSpecialization(kernel.GroupShape.Count, null));
        }
    }

    private static Method Empty(IRContext context)
    {
        Method method = context.Declare(new MethodDeclaration(MethodHandle.Create("Empty"), context.VoidType), out _);
        using Method.Builder builder = method.CreateBuilder();
        builder.EntryBlockBuilder.CreateReturn(method.Location);
        builder.Complete();
        return method;
    }
}

/// <summary>Runs a kernel on one thread of ILGPU's CPU accelerator.</summary>
internal static unsafe class IlgpuCpuThread
{
    private const int SharedBytes = 48 * 1024, LocalBytes = 8 * 1024;

    [ThreadStatic]
    private static nint _local;

    public static void Run<TKernel>(TKernel kernel) where TKernel : struct, IKernel
    {
        ArrayView<byte> shared = SharedMemory.Allocate<byte>(SharedBytes);
        // Kept for later kernels: threads live as long as their accelerator.
        if (_local == 0) _local = (nint)NativeMemory.AlignedAlloc(LocalBytes, 64);
        KernelThread.Current = new()
        {
            Thread = new(ILGPU.Group.IdxX, ILGPU.Group.IdxY, ILGPU.Group.IdxZ),
            Group = new(Grid.IdxX, Grid.IdxY, Grid.IdxZ),
            GroupShape = new(ILGPU.Group.DimX, ILGPU.Group.DimY, ILGPU.Group.DimZ),
            Groups = new(Grid.DimX, Grid.DimY, Grid.DimZ),
            SharedMemory = new((nint)Unsafe.AsPointer(ref shared[0]), SharedBytes, isOwn: false),
            LocalMemory = new(_local, LocalBytes, isOwn: true),
            Wait = ILGPU.Group.Barrier,
        };
        kernel.Execute();
    }
}
