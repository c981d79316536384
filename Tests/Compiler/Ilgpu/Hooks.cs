using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Transformations;

namespace GpuCnn.Tests.Compiler.Ilgpu;

/// <summary>Runs ILGPU's own unrolling pass before the backend's passes. It is public, but no pipeline of 1.5.3 uses it.</summary>
internal sealed class UnrollHook : IBackendHook
{
    // Handles nested loops.
    private const int Rounds = 4;

    public void FinishedCodeGeneration(IRContext context, Method entryPoint) { }

    public void InitializedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
        for (int round = 0; round < Rounds; round++)
        {
            Transformer.Builder builder = Transformer.CreateBuilder(TransformerConfiguration.Empty);
            builder.Add(new LoopUnrolling());
            builder.Add(new UnreachableCodeElimination());
            builder.Add(new DeadCodeElimination());
            builder.Add(new SimplifyControlFlow());
            kernelContext.Transform(builder.ToTransformer());
        }
    }

    public void OptimizedKernelContext(IRContext kernelContext, Method kernelMethod) { }
}

/// <summary>Runs <see cref="CSharpMeaning"/> last.</summary>
internal sealed class MeaningHook(bool isOpenCl) : IBackendHook
{
    public void FinishedCodeGeneration(IRContext context, Method entryPoint) { }

    public void InitializedKernelContext(IRContext kernelContext, Method kernelMethod) { }

    public void OptimizedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
        Transformer.Builder builder = Transformer.CreateBuilder(TransformerConfiguration.Empty);
        builder.Add(new CSharpMeaning(isOpenCl));
        builder.Add(new DeadCodeElimination());
        kernelContext.Transform(builder.ToTransformer());
    }
}
