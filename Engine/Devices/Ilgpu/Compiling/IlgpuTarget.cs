using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>What kernels are compiled for: a language of ILGPU's, and the device's capabilities.</summary>
internal abstract class IlgpuTarget
{
    /// <summary>Everything about it that the text of a kernel depends on.</summary>
    public abstract string Identity { get; }

    /// <summary>Whether the text is OpenCL C, else PTX.</summary>
    public abstract bool IsOpenCl { get; }

    /// <summary>Makes the part of ILGPU that prints the text.</summary>
    public abstract Backend CreateBackend(Context context);

    /// <summary>The text of a kernel.</summary>
    public abstract string TextOf(CompiledKernel kernel);
}

/// <summary>PTX. No device is needed to write it.</summary>
internal sealed class PtxTarget(CudaArchitecture architecture, CudaInstructionSet instructions) : IlgpuTarget
{
    /// <summary>What PTX is written for where there is no device: Hopper, and the newest instructions that ILGPU knows.</summary>
    public static PtxTarget Newest { get; } = new(CudaArchitecture.SM_90, CudaInstructionSet.ISA_88);

    public override string Identity => $"PTX {architecture} {instructions}";

    public override bool IsOpenCl => false;

    public override Backend CreateBackend(Context context)
    {
        var capabilities = new CudaCapabilityContext(architecture);
        // ILGPU writes the lowest architecture that has what it knows of, whatever the device.
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
    /// <summary>For a device with everything that kernels use, where there is none.</summary>
    public static OpenClTarget Any { get; } = new(new CLCapabilityContext(false, false, true, true, false), CLDeviceVendor.Other,
        CLCVersion.CL20, "any");

    public override string Identity => $"OpenCL C {version}, {vendor}, {identity}";

    public override bool IsOpenCl => true;

    public override Backend CreateBackend(Context context) => new CLBackend(context, capabilities, vendor, version);

    // ILGPU's barrier of a group orders accesses to global memory only; kernels need it for what the group shares.
    public override string TextOf(CompiledKernel kernel) =>
        ((CLCompiledKernel)kernel).Source.Replace("work_group_barrier ( CLK_GLOBAL_MEM_FENCE )",
            "work_group_barrier ( CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE )", StringComparison.Ordinal);
}
