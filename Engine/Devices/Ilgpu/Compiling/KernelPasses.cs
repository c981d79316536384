using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>What a kernel goes through besides ILGPU's own passes.</summary>
/// <param name="unrolls">Whether loops with a known number of rounds are unrolled. Without it, local arrays may be memory.</param>
/// <param name="isOpenCl">Whether the text becomes OpenCL C, else PTX.</param>
internal sealed class KernelPasses(bool unrolls, bool isOpenCl) : IBackendHook
{
    /// <summary>Loops of more rounds stay loops.</summary>
    private const int MostRounds = 64;

    /// <summary>Loops within loops become countable one level at a time.</summary>
    private const int MostLevels = 12;

    public void FinishedCodeGeneration(IRContext context, Method entryPoint) { }

    public void InitializedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
        if (!unrolls) return;
        for (int level = 0; level < MostLevels; level++)
        {
            var unroller = new LoopUnroller(MostRounds);
            Transformer.Builder passes = Transformer.CreateBuilder(TransformerConfiguration.Empty);
            passes.Add(unroller);
            passes.Add(new UnreachableCodeElimination());
            passes.Add(new DeadCodeElimination());
            passes.Add(new SimplifyControlFlow());
            kernelContext.Transform(passes.ToTransformer());
            if (!unroller.HasChanged) return;
        }
    }

    public void OptimizedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
        Transformer.Builder passes = Transformer.CreateBuilder(TransformerConfiguration.Empty);
        passes.Add(new MultiplyAddFusion());
        passes.Add(new CSharpMeaning(isOpenCl));
        passes.Add(new DeadCodeElimination());
        kernelContext.Transform(passes.ToTransformer());
        if (unrolls) RefuseLocalMemory(kernelContext);
    }

    /// <exception cref="NotSupportedException">An array of registers is indexed by something that is not known.</exception>
    private static void RefuseLocalMemory(IRContext context)
    {
        foreach (Method method in context.Methods)
        {
            if (!method.HasImplementation) continue;
            foreach (BasicBlock.ValueEntry entry in method.Blocks.Values)
            {
                if (entry.Value is Alloca { AddressSpace: MemoryAddressSpace.Local } array)
                    throw new NotSupportedException($"an array of {array.AllocaType} that Local.Array makes has an index that is not known when the kernel is compiled, so that it is memory and not registers; index it by constants, or by the variable of a loop from a constant to a constant of at most {MostRounds} rounds");
            }
        }
    }
}
