using System.Globalization;
using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Translates calls, and structs made from values.</summary>
internal sealed partial class BodyAnalyzer
{
    public override Expression VisitInvocation(IInvocationOperation operation, object? argument)
    {
        // Decided before the arguments are visited: a side effect within them is out of order.
        bool isOrdered = ReferenceEquals(operation, _orderedCall), mayWait = ReferenceEquals(operation, _orderedBarrier)
            || !_isLoopHead && operation.Parent is IExpressionStatementOperation;
        IMethodSymbol method = operation.TargetMethod;
        if (KernelLanguage.CudaSpelling(method) is { } spelling) return CudaCall(operation, spelling);
        if (KernelLanguage.Declares(method.ContainingType)) return LanguageCall(operation, isOrdered, mayWait);
        if (Intrinsics.Instead(method) is { } instead)
        {
            Report(Rules.LibraryMath, operation, method.ContainingType.Name + "." + method.Name, instead);
            return Arguments(operation).FirstOrDefault() ?? Nothing;
        }
        if (Implementation(method, operation.ConstrainedToType ?? operation.Instance?.Type) is not { } implementation)
            return Unsupported(operation);
        // From here on only the body and its barriers belong to the implementation. The debug device copies bodies, and cannot see a wait
        // in it.
        mayWait &= SymbolEqualityComparer.Default.Equals(implementation, method);
        method = implementation;
        if (method.MethodKind is MethodKind.LocalFunction or MethodKind.DelegateInvoke)
        {
            Report(Rules.Functions, operation);
            Arguments(operation);
            return Nothing;
        }
        bool isOfData = operation.Instance is { Type: { } owner } && closing.Close(owner).IsValueType
            && (_self is not null || operation.Instance is not IInstanceReferenceOperation);
        if (isOfData && method is { IsReadOnly: true, DeclaringSyntaxReferences.Length: > 0 })
            return HelperCall(method, [Value(operation.Instance!), .. Arguments(operation)], operation, isOrdered, mayWait: false);
        if (!method.IsStatic)
        {
            Report(Rules.InstanceMember, operation, method.Name);
            Arguments(operation);
            return Nothing;
        }

        return HelperCall(method, Arguments(operation), operation, isOrdered, mayWait);
    }

    /// <summary>
    /// Resolves T.Apply(x) and value.Apply(x): a member declared by an interface becomes the one of the type that T stands for here. Other
    /// members stay as they are. Null if it cannot be resolved.
    /// </summary>
    private IMethodSymbol? Implementation(IMethodSymbol method, ITypeSymbol? constrained)
    {
        if (method.ContainingType.TypeKind != TypeKind.Interface || !method.IsAbstract && !method.IsVirtual || constrained is null)
            return method;
        ITypeSymbol type = closing.Close(constrained);
        IMethodSymbol definition = method.OriginalDefinition;
        IMethodSymbol declared = ((INamedTypeSymbol)closing.Close(method.ContainingType)).GetMembers(method.Name).OfType<IMethodSymbol>()
            .First(member => SymbolEqualityComparer.Default.Equals(member.OriginalDefinition, definition));
        if (type.FindImplementationForInterfaceMember(declared) is not IMethodSymbol implementation) return null;
        return implementation.IsGenericMethod ? implementation.Construct([.. method.TypeArguments]) : implementation;
    }

    private Expression HelperCall(IMethodSymbol method, Expression[] arguments, IOperation operation, bool isOrdered, bool mayWait)
    {
        if (context.Functions.Get(closing.Close(method), arguments, operation.Syntax) is not { } function) return Nothing;
        if (operation is IInvocationOperation call) CheckDemands(call, function.Demands);
        HasEffects |= function.HasEffects;
        HasBarriers |= function.HasBarriers;
        if (function.HasBarriers && !(isOrdered && mayWait)) Report(Rules.BarrierPlace, operation, Excerpt(operation));
        else if (function.HasEffects && !isOrdered) Report(Rules.NestedEffect, operation, Excerpt(operation));
        return CallOf(function, arguments);
    }

    private static Call CallOf(Function function, IEnumerable<Expression> arguments) =>
        new(function.ReturnType, function.Name, arguments.Where(argument => argument.Type is not EmptyType).ToEquatable());

    private static Construction ConstructionOf(DeviceType type, IEnumerable<Expression> values) =>
        new(type, values.Where(value => value.Type is not EmptyType).ToEquatable());

    private Expression CudaCall(IInvocationOperation operation, string spelling)
    {
        Expression[] arguments = Arguments(operation);
        context.IsCudaOnly = true;
        try
        {
            _ = string.Format(spelling, [.. arguments]);
            return new CudaCall(TypeOf(operation), spelling, arguments.ToEquatable());
        }
        catch (FormatException)
        {
            Report(Rules.CudaSpelling, operation, operation.TargetMethod.Name, spelling,
                arguments.Length.ToString(CultureInfo.InvariantCulture));
            return Nothing;
        }
    }

    private Expression LanguageCall(IInvocationOperation operation, bool isOrdered, bool mayWait)
    {
        IMethodSymbol method = operation.TargetMethod;
        if (KernelLanguage.IsBarrier(method))
        {
            Report(Rules.BarrierPlace, operation, Excerpt(operation));
            return Nothing;
        }
        if (KernelLanguage.IsArray(method))
        {
            Report(Rules.ArrayPlace, operation);
            return Nothing;
        }
        if (method.Name == "Slice" && operation.Instance is { } sliced && Value(sliced) is { Type: PointerType } view)
            return new Offset(view.Type, view, Value(operation.Arguments[0].Value));

        Expression[] arguments = Arguments(operation);
        if (operation.Instance is { Type: { } owner } instance && KernelLanguage.IsStruct(owner))
            arguments = [Value(instance), .. arguments];
        if (Intrinsics.NameOf(method, arguments.FirstOrDefault()?.Type.Scalar) is not { } name)
        {
            Report(Rules.LanguageMember, operation, Excerpt(operation), "");
            return Nothing;
        }
        if (Intrinsics.NeedCudaC(method.ContainingType)) CheckCudaC(operation, arguments);
        if (KernelLanguage.IsCollective(method))
        {
            HasBarriers = HasEffects = true;
            if (!(isOrdered && mayWait)) Report(Rules.BarrierPlace, operation, Excerpt(operation));
        }
        else if (Intrinsics.HasEffects(name))
        {
            HasEffects = true;
            if (!isOrdered) Report(Rules.NestedEffect, operation, Excerpt(operation));
        }
        return new IntrinsicCall(TypeOf(operation), name, arguments.ToEquatable());
    }

    private void CheckCudaC(IInvocationOperation operation, Expression[] arguments)
    {
        context.IsCudaOnly = context.NeedsCudaC = true;
        foreach (IArgumentOperation argument in operation.Arguments)
        {
            if (argument.Parameter is not { } parameter) continue;
            Expression value = arguments[parameter.Ordinal];
            // Instructions for one kind of memory would misread the address of another.
            if (value.Type is PointerType { Space: not Space.Local } pointer
                && pointer.Space != (parameter.Name == "shared" ? Space.Shared : Space.Global))
                Report(Rules.MemoryKind, argument, Excerpt(argument), parameter.Name == "shared" ? "a shared array" : "an argument");
            if (parameter.Name == "pending" && !IsStatic(value)) Report(Rules.PendingCopies, argument, Excerpt(argument));
        }
    }

    /// <summary>In the order of the parameters. Their order in the call does not matter, because none has side effects.</summary>
    private Expression[] Arguments(IInvocationOperation operation) =>
        [.. operation.Arguments.OrderBy(argument => argument.Parameter?.Ordinal).Select(Argument)];

    private Expression Argument(IArgumentOperation argument)
    {
        Expression value = Value(argument.Value);
        bool isView = argument.Parameter is { } parameter && KernelLanguage.IsView(closing.Close(parameter.Type));
        // Passing by value gives the same result, except for memory that the method may write meanwhile.
        if (argument.Parameter?.RefKind == RefKind.In && value is Element { Pointer.Type: PointerType { IsReadOnly: false } })
            Report(Rules.References, argument, Excerpt(argument));
        if (isView && value.Type is not PointerType && value != Nothing) Report(Rules.ViewSpace, argument, Excerpt(argument));
        return value;
    }

    public override Expression VisitObjectCreation(IObjectCreationOperation operation, object? argument)
    {
        if (operation.Type is not INamedTypeSymbol { IsValueType: true } open || operation.Constructor is not { } constructor)
            return Unsupported(operation);
        var type = (INamedTypeSymbol)closing.Close(open);
        DeviceType mapped = context.Types.Map(type, operation.Syntax);
        Expression[] arguments = [.. operation.Arguments.OrderBy(item => item.Parameter?.Ordinal).Select(item => Value(item.Value))];
        if (mapped.Scalar is { } vector && vector.IsVector())
        {
            if (operation.Initializer is null)
                return arguments.Length > 0 ? new Construction(mapped, arguments.ToEquatable()) : Zero(mapped);
        }
        else if (mapped is EmptyType && operation.Initializer is null)
        {
            return Zero(mapped);
        }
        else if (mapped is StructType)
        {
            if (type.IsTupleType) return ConstructionOf(mapped, arguments);
            if (constructor.IsImplicitlyDeclared) return Initialized(operation, type, mapped);
            if (operation.Initializer is null) return Constructed(constructor, type, mapped, arguments, operation);
        }
        Report(Rules.StructConstructor, operation, Excerpt(operation));
        return Nothing;
    }

    private Expression Initialized(IObjectCreationOperation operation, INamedTypeSymbol type, DeviceType mapped)
    {
        bool isNested = false;
        var values = new Dictionary<string, Expression>();
        foreach (IOperation initializer in operation.Initializer?.Initializers ?? [])
        {
            ISymbol? member = (initializer as ISimpleAssignmentOperation)?.Target switch
            {
                IFieldReferenceOperation field => field.Field,
                IPropertyReferenceOperation property => property.Property,
                _ => null,
            };
            if (member is null || initializer is not ISimpleAssignmentOperation { Value: var value }
                || value is IObjectOrCollectionInitializerOperation) isNested = true;
            else values[NameAllocator.Ascii(member.Name)] = Value(value);
        }
        if (isNested)
        {
            Report(Rules.StructConstructor, operation, Excerpt(operation));
            return Nothing;
        }
        if (values.Count == 0) return Zero(mapped);
        return ConstructionOf(mapped, TypeMapper.FieldsOf(type)
            .Select(field => values.TryGetValue(field.Name, out Expression given)
                ? given
                : Zero(context.Types.Map(field.Field.Type, operation.Syntax))));
    }

    /// <summary>Translates new T().</summary>
    public override Expression VisitTypeParameterObjectCreation(ITypeParameterObjectCreationOperation operation, object? argument)
    {
        if (operation.Initializer is not null || closing.Close(operation.Type!) is not INamedTypeSymbol type) return Unsupported(operation);
        DeviceType mapped = TypeOf(operation);
        IMethodSymbol? constructor =
            type.InstanceConstructors.FirstOrDefault(candidate => candidate is { Parameters.Length: 0, IsImplicitlyDeclared: false });
        return constructor is null || mapped is not StructType ? Zero(mapped) : Constructed(constructor, type, mapped, [], operation);
    }

    public override Expression VisitTuple(ITupleOperation operation, object? argument) =>
        ConstructionOf(TypeOf(operation), operation.Elements.Select(Value));

    public override Expression VisitDefaultValue(IDefaultValueOperation operation, object? argument) =>
        operation.Type is { } type && KernelLanguage.IsView(closing.Close(type)) ? NoView(operation) : Zero(TypeOf(operation));

    private Expression NoView(IOperation operation)
    {
        Report(Rules.ViewSpace, operation, Excerpt(operation));
        return Nothing;
    }

    private static Expression Zero(DeviceType type)
    {
        if (type is not ScalarType { Kind: var kind }) return new Construction(type, default);
        if (!kind.IsVector()) return new Literal(type, 0);
        return new Construction(type,
            Enumerable.Repeat<Expression>(new Literal(new ScalarType(Scalar.Float), 0), kind == Scalar.Float4 ? 4 : 2).ToEquatable());
    }

    public override Expression VisitSimpleAssignment(ISimpleAssignmentOperation operation, object? argument) =>
        NestedAssignment(operation, operation.Value);

    public override Expression VisitCompoundAssignment(ICompoundAssignmentOperation operation, object? argument) =>
        NestedAssignment(operation, operation.Value);

    public override Expression VisitDeconstructionAssignment(IDeconstructionAssignmentOperation operation, object? argument) =>
        NestedAssignment(operation, null);

    public override Expression VisitIncrementOrDecrement(IIncrementOrDecrementOperation operation, object? argument) =>
        NestedAssignment(operation, null);

    private Expression NestedAssignment(IOperation operation, IOperation? value)
    {
        Report(Rules.NestedAssignment, operation, Excerpt(operation));
        return value is null ? Nothing : Value(value);
    }
}
