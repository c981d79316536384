using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// The kernels of an operator's passes and the storage of its parameters, for devices. Every operator that is not always a view implements
/// it. Code that both kinds of devices share appears once; <see cref="Emitter.Launch"/> takes a kernel for each.
/// </summary>
public interface IDeviceOperator
{
    /// <summary>Emits the forward pass: reads the inputs, overwrites the output.</summary>
    void EmitForward(Emitter emitter);

    /// <summary>
    /// Emits the backward pass: reads the output's gradient (and may overwrite it), overwrites the gradients of the parameters and, if
    /// needed, of the inputs.
    /// </summary>
    void EmitBackward(Emitter emitter);

    /// <summary>Returns how the CPU device stores a parameter; by default in the tensor's order, padded to blocks of 8.</summary>
    /// <param name="input">Layout of the operator's first input.</param>
    /// <param name="vectorWidth">Floats per vector of the device.</param>
    ParameterLayout LayOut(ParameterSpec parameter, TensorLayout input, int vectorWidth) =>
        ParameterLayout.Plain(Blocks.RoundUp(parameter.Count));

    /// <summary>Returns how GPU devices store a parameter; by default in the tensor's order.</summary>
    /// <param name="input">Stored shape of the operator's first input.</param>
    ParameterLayout LayOut(ParameterSpec parameter, Shape input) => ParameterLayout.Plain(parameter.Count);

    /// <summary>Returns an operator's device interface.</summary>
    /// <exception cref="ArgumentException">The operator cannot run on a device.</exception>
    internal static IDeviceOperator Of(Operator layer) => layer as IDeviceOperator
        ?? throw new ArgumentException($"{layer.Type} does not implement {nameof(IDeviceOperator)}: no device can run it.", nameof(layer));
}

/// <summary>The kernels of a loss, for devices.</summary>
public interface IDeviceLoss
{
    /// <summary>Emits the losses and ranks of a batch and, if needed, the gradient of the mean loss.</summary>
    void Emit(LossEmitter emitter);

    /// <summary>Returns a loss's device interface.</summary>
    /// <exception cref="ArgumentException">The loss cannot run on a device.</exception>
    internal static IDeviceLoss Of(ILoss loss) => loss as IDeviceLoss
        ?? throw new ArgumentException($"{loss.GetType().Name} does not implement {nameof(IDeviceLoss)}: no device can run it.",
            nameof(loss));
}

/// <summary>The kernels of an optimizer, for devices.</summary>
public interface IDeviceOptimizer
{
    /// <summary>Emits the update of weights and slots from the gradients.</summary>
    void EmitUpdate(UpdateEmitter emitter);

    /// <summary>Returns an optimizer's device interface.</summary>
    /// <exception cref="ArgumentException">The optimizer cannot run on a device.</exception>
    internal static IDeviceOptimizer Of(IOptimizer optimizer) => optimizer as IDeviceOptimizer
        ?? throw new ArgumentException(
            $"{optimizer.GetType().Name} does not implement {nameof(IDeviceOptimizer)}: no device can run it.", nameof(optimizer));
}
