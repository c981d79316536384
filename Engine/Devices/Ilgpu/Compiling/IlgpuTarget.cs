using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>A target of compilation: one of ILGPU's languages and the device's capabilities.</summary>
internal abstract class IlgpuTarget
{
    /// <summary>Everything about the target that a kernel's text depends on.</summary>
    public abstract string Identity { get; }

    /// <summary>Whether the text is OpenCL C, else PTX.</summary>
    public abstract bool IsOpenCl { get; }

    /// <summary>Creates ILGPU's code generator.</summary>
    public abstract Backend CreateBackend(Context context);

    /// <summary>Returns the text of a compiled kernel.</summary>
    public abstract string TextOf(CompiledKernel kernel);
}

/// <summary>PTX. Needs no device.</summary>
internal sealed class PtxTarget(CudaArchitecture architecture, CudaInstructionSet instructions) : IlgpuTarget
{
    /// <summary>Target without a device: Hopper with the newest instructions that ILGPU knows.</summary>
    public static PtxTarget Newest { get; } = new(CudaArchitecture.SM_90, CudaInstructionSet.ISA_88);

    public override string Identity => $"PTX {architecture} {instructions}";

    public override bool IsOpenCl => false;

    public override Backend CreateBackend(Context context)
    {
        var capabilities = new CudaCapabilityContext(architecture);
        // Whatever the device, ILGPU would choose the lowest architecture with the capabilities it knows.
        SetArchitecture(capabilities, architecture);
        return new PTXBackend(context, capabilities, architecture, instructions, null);
    }

    public override string TextOf(CompiledKernel kernel) => ((PTXCompiledKernel)kernel).PTXAssembly;

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_TargetArchitecture")]
    private static extern void SetArchitecture(CudaCapabilityContext capabilities, CudaArchitecture value);
}

/// <summary>OpenCL C.</summary>
internal sealed class OpenClTarget(CLCapabilityContext capabilities, CLDeviceVendor vendor, CLCVersion version, string identity)
    : IlgpuTarget
{
    /// <summary>Target without a device, with every capability that kernels use.</summary>
    public static OpenClTarget Any { get; } = new(new CLCapabilityContext(false, false, true, true, false), CLDeviceVendor.Other,
        CLCVersion.CL20, "any");

    public override string Identity => $"OpenCL C {version}, {vendor}, {identity}";

    public override bool IsOpenCl => true;

    public override Backend CreateBackend(Context context) => new CLBackend(context, capabilities, vendor, version);

    // ILGPU's group barrier orders only global memory; kernels also need it for shared memory.
    public override string TextOf(CompiledKernel kernel) =>
        ((CLCompiledKernel)kernel).Source.Replace("work_group_barrier ( CLK_GLOBAL_MEM_FENCE )",
            "work_group_barrier ( CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE )", StringComparison.Ordinal);
}
