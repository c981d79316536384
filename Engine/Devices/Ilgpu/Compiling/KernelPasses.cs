using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;

namespace GpuCnn.Engine.Devices.Ilgpu.Compiling;

/// <summary>Runs the project's passes on a kernel, in addition to ILGPU's own.</summary>
/// <param name="unrolls">Whether loops with a known trip count are unrolled; otherwise local arrays may be memory.</param>
/// <param name="isOpenCl">Whether the output is OpenCL C, else PTX.</param>
internal sealed class KernelPasses(bool unrolls, bool isOpenCl) : IBackendHook
{
    /// <summary>Most iterations of a loop to unroll.</summary>
    private const int MostRounds = 64;

    /// <summary>Nested loops get a known trip count one level at a time.</summary>
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

    /// <exception cref="NotSupportedException">A local array has an index that is not a constant, so it cannot stay in
    /// registers.</exception>
    private static void RefuseLocalMemory(IRContext context)
    {
        foreach (Method method in context.Methods)
        {
            if (!method.HasImplementation) continue;
            foreach (BasicBlock.ValueEntry entry in method.Blocks.Values)
            {
                if (entry.Value is not Alloca { AddressSpace: MemoryAddressSpace.Local } array) continue;
                throw new NotSupportedException(
                    $"an array of {array.AllocaType} from Local.Array has an index that is not known when the kernel is compiled, "
                    + "so that it is memory and not registers; index it by constants, or by the variable of a loop from a constant "
                    + $"to a constant of at most {MostRounds} rounds");
            }
        }
    }
}
