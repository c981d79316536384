using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// What an operator tells devices: the kernels of its passes, and how its parameters are stored. Every operator implements it that is not
/// always a view. What both kinds of devices share is said once; <see cref="Emitter.Launch"/> takes a kernel for each.
/// </summary>
public interface IDeviceOperator
{
    /// <summary>Emits the forward pass: reads the inputs, overwrites the output.</summary>
    void EmitForward(Emitter emitter);

    /// <summary>
    /// Emits the backward pass: reads the output's gradient (and may overwrite it), overwrites the gradients of the parameters and, where
    /// asked for, of the inputs.
    /// </summary>
    void EmitBackward(Emitter emitter);

    /// <summary>How the CPU device stores a parameter; by default as it is, with room for whole blocks of 8.</summary>
    /// <param name="input">How the operator's first input is stored.</param>
    /// <param name="vectorWidth">Floats of the device's vectors.</param>
    ParameterLayout LayOut(ParameterSpec parameter, TensorLayout input, int vectorWidth) =>
        ParameterLayout.Plain(Blocks.RoundUp(parameter.Count));

    /// <summary>How GPU devices store a parameter; by default as it is.</summary>
    /// <param name="input">As what the operator's first input is stored.</param>
    ParameterLayout LayOut(ParameterSpec parameter, Shape input) => ParameterLayout.Plain(parameter.Count);

    /// <summary>An operator as devices see it.</summary>
    /// <exception cref="ArgumentException">It cannot run on a device.</exception>
    internal static IDeviceOperator Of(Operator layer) => layer as IDeviceOperator
        ?? throw new ArgumentException($"{layer.Type} does not implement {nameof(IDeviceOperator)}: no device can run it.", nameof(layer));
}

/// <summary>What a loss tells devices.</summary>
public interface IDeviceLoss
{
    /// <summary>Emits the losses and ranks of a batch and, where asked for, the gradient of their mean.</summary>
    void Emit(LossEmitter emitter);

    /// <summary>A loss as devices see it.</summary>
    /// <exception cref="ArgumentException">It cannot run on a device.</exception>
    internal static IDeviceLoss Of(ILoss loss) => loss as IDeviceLoss
        ?? throw new ArgumentException($"{loss.GetType().Name} does not implement {nameof(IDeviceLoss)}: no device can run it.",
            nameof(loss));
}

/// <summary>What an optimizer tells devices.</summary>
public interface IDeviceOptimizer
{
    /// <summary>Emits what turns gradients and slots into new weights and slots.</summary>
    void EmitUpdate(UpdateEmitter emitter);

    /// <summary>An optimizer as devices see it.</summary>
    /// <exception cref="ArgumentException">It cannot run on a device.</exception>
    internal static IDeviceOptimizer Of(IOptimizer optimizer) => optimizer as IDeviceOptimizer
        ?? throw new ArgumentException(
            $"{optimizer.GetType().Name} does not implement {nameof(IDeviceOptimizer)}: no device can run it.", nameof(optimizer));
}
